//! HAProxy, Squid and Envoy (with Istio), which have logs of their own.

use super::{Line, request, status};
use crate::request::RequestLine;
use crate::tokens::{Kind, Token};
use crate::{Latency, Request, Unit, Unreadable, latency, time};

/// `client [time] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes ... "request"`: times in milliseconds, the last
/// one is the whole request's.
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

/// The last of `10/0/30/69/109`. One with a plus is not the whole time.
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

/// `1286536308.779    180 192.168.0.224 TCP_MISS/200 411 GET http://host/path ...`: the second number are milliseconds.
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

/// `[time] "request" status flags ... received sent duration ...`: between flags and numbers, newer versions have
/// details; the duration is in milliseconds. A connection that was no HTTP has the request `- - -` and the status 0.
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
    // How long a connection was open is no request's time.
    let latency = request_line.target.and_then(|_| Latency::new(took as f64, Unit::Milliseconds));
    Some(status(code.text).and_then(|status| request(Some(logged_at), request_line, status, latency)))
}

/// Response flags: `-`, `UF`, `UF,URX`.
fn is_flags(word: &str) -> bool {
    word.len() <= 60 && word.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b','))
}
