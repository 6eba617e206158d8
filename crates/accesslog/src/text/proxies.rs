//! HAProxy, Squid and Envoy (with Istio), which have their own log formats.

use super::{Line, request, status};
use crate::request::RequestLine;
use crate::tokens::{Kind, Token};
use crate::{Latency, Request, Unit, Unreadable, latency, time};

/// Reads HAProxy's `client [time] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes ... "request"`. The times are in
/// milliseconds; the last one is the latency of the whole request.
pub(super) fn haproxy(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let tokens = &line.tokens;
    let (at, total) = tokens.iter().enumerate().find_map(|(at, token)| Some((at, timers(token.word()?)?)))?;
    let logged_at = tokens[..at].iter().rev().find(|token| token.kind == Kind::Bracket)?;
    tokens[at - 1].word().filter(|server| server.contains('/'))?;
    let Some(logged_at) = time::text(logged_at.text) else {
        return Some(Err(Unreadable::field("time", logged_at.text)));
    };
    let code = tokens.get(at + 1)?.word()?;
    let asked = tokens[at..].iter().rev().find(|token| token.is_quoted())?;
    let latency = latency::whole(total).and_then(|ms| Latency::new(ms as f64, Unit::Milliseconds));
    let request_line = RequestLine::read(asked.text);
    Some(status(code).and_then(|status| request(Some(logged_at), request_line, status, latency)))
}

/// Returns the last of `10/0/30/69/109`. A value with a plus sign is not the whole time.
fn timers(word: &str) -> Option<&str> {
    if !word.starts_with(|c: char| c.is_ascii_digit() || c == '-') || !word.contains('/') {
        return None;
    }
    let mut parts = word.split('/');
    let is_number = |part: &str| latency::whole(part.trim_start_matches(['-', '+'])).is_some();
    let first_four = parts.by_ref().take(4).filter(|part| is_number(part)).count();
    let total = parts.next().filter(|part| is_number(part))?;
    (first_four == 4 && parts.next().is_none()).then_some(total)
}

/// Reads Squid's `1286536308.779    180 192.168.0.224 TCP_MISS/200 411 GET http://host/path ...`. The second number is
/// the latency in milliseconds.
pub(super) fn squid(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let mut words = line.tokens.iter().map(Token::word);
    let mut next = || words.next().flatten();
    let (at, took, _client, result, _bytes, method, target) =
        (next()?, next()?, next()?, next()?, next()?, next()?, next()?);
    latency::decimals(at).filter(|(seconds, digits)| *digits == 3 && *seconds > 1e9)?;
    let (action, code) = result.split_once('/')?;
    action.starts_with(|c: char| c.is_ascii_uppercase()).then_some(())?;
    let latency = latency::whole(took).and_then(|ms| Latency::new(ms as f64, Unit::Milliseconds));
    let request_line = RequestLine { method: Some(method), target: Some(target) };
    Some(status(code).and_then(|status| request(time::text(at), request_line, status, latency)))
}

/// Reads Envoy's `[time] "request" status flags ... received sent duration ...`. Newer versions write details between
/// flags and numbers. The duration is in milliseconds. A connection that wasn't HTTP has the request `- - -` and the
/// status 0.
pub(super) fn envoy(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let start = line.tokens.windows(4).position(|window| {
        window[0].kind == Kind::Bracket
            && window[0].text.contains('T')
            && window[1].is_quoted()
            && window[2].word().is_some()
            && window[3].word().is_some_and(is_flags)
    })?;
    let [logged_at, asked, code] = line.tokens.get(start..start + 3)?.try_into().ok()?;
    let logged_at = time::text(logged_at.text)?;
    let rest = &line.tokens[start + 4..];
    let number = |token: &Token<'_>| token.word().and_then(latency::whole);
    let took = rest.windows(3).find_map(|window| {
        number(&window[0])?;
        number(&window[1])?;
        number(&window[2])
    })?;
    let request_line = RequestLine::read(asked.text);
    // Without a request, the duration is how long the connection was open.
    let latency = request_line.target.and_then(|_| Latency::new(took as f64, Unit::Milliseconds));
    Some(status(code.text).and_then(|status| request(Some(logged_at), request_line, status, latency)))
}

/// Returns whether a word is Envoy's response flags: `-`, `UF`, `UF,URX`.
fn is_flags(word: &str) -> bool {
    word.len() <= 60 && word.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b','))
}
