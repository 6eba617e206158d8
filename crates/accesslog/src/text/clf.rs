//! The common log format and its extensions: `host ident user [time] "request" status bytes ...`, as written by Apache,
//! nginx, ingress-nginx, Traefik, Tomcat, gunicorn and many others, with more fields before and after.

use jiff::Timestamp;

use super::{Line, request, status, tail};
use crate::request::{RequestLine, is_known_method};
use crate::tokens::{Kind, Token};
use crate::{Request, Status, Unreadable, latency, time};

pub(super) fn read(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let tokens = &line.tokens;
    let bracket = tokens
        .iter()
        .enumerate()
        .find_map(|(at, token)| (token.kind == Kind::Bracket).then(|| Some((at, time_in(token.text)?)))?);
    let (asked, end, request_line) = asked(tokens, bracket.map(|(at, _)| at))?;
    let logged_at = match bracket.map(|(_, time)| time).or_else(|| bare_time(&tokens[..asked])).or(line.outer) {
        Some(at) => Some(at),
        None => match tokens[..asked].iter().find(|token| token.kind == Kind::Bracket && looks_like_a_time(token.text))
        {
            Some(token) => return Some(Err(Unreadable::field("time", token.text))),
            None => None,
        },
    };
    if is_without_status(&tokens[..asked], &tokens[end..]) {
        return Some(Err(Unreadable::Missing("status")));
    }
    let (code, at) = match code(&tokens[end..]) {
        Ok((code, after)) => (code, end + after),
        // Unquoted words that look like a request may be part of another shape.
        Err(_) if end > asked + 1 => return None,
        Err(error) => return Some(Err(error)),
    };
    let parts = tail::Parts {
        before: &tokens[..asked],
        between: &tokens[end..at],
        after: &tokens[at + 1..],
        time: bracket.map(|(at, _)| at),
    };
    Some(request(logged_at, request_line, code, tail::latency(&parts, line.hints)))
}

/// Returns the index of the request's first token, the index after its last one, and its content.
fn asked<'a>(tokens: &[Token<'a>], time: Option<usize>) -> Option<(usize, usize, RequestLine<'a>)> {
    let quoted = position(tokens, time);
    let is_request = |at: &usize| RequestLine::is(tokens[*at].text);
    if quoted.filter(is_request).is_none()
        && let Some((at, line)) = framed(tokens)
    {
        return Some((at, at + 3, line));
    }
    quoted.map(|at| (at, at + 1, RequestLine::read(tokens[at].text)))
}

/// Finds method, target and protocol as three consecutive tokens, with or without quotes.
fn framed<'a>(tokens: &[Token<'a>]) -> Option<(usize, RequestLine<'a>)> {
    let plain = |token: &Token<'a>| token.word().or(token.is_quoted().then_some(token.text));
    tokens.windows(3).enumerate().find_map(|(at, three)| {
        let (method, target, protocol) = (plain(&three[0])?, plain(&three[1])?, plain(&three[2])?);
        let is_target = target.starts_with('/') || target.starts_with("http") || target == "*";
        let is_request = is_known_method(method) && is_target && protocol.starts_with("HTTP/");
        is_request.then_some((at, RequestLine { method: Some(method), target: Some(target) }))
    })
}

/// Returns whether it is a line of Apache's `ssl_request_log`, which ends with the protocol, the cipher, the request
/// and its bytes.
fn is_without_status(before: &[Token<'_>], after: &[Token<'_>]) -> bool {
    let is_protocol = |word: &str| word.starts_with("TLSv") || word.starts_with("SSLv");
    after.len() == 1 && before.iter().filter_map(Token::word).any(is_protocol)
}

/// Finds the request: the first quoted text after the time that is a request line or is followed by a status (a TLS
/// handshake on a plain port is answered too). Without a time, only a request line is accepted.
fn position(tokens: &[Token<'_>], time: Option<usize>) -> Option<usize> {
    let from = time.map_or(0, |at| at + 1);
    let answered =
        |at: usize| tokens.get(at + 1).and_then(Token::word).is_some_and(|word| Status::read(word).is_some());
    let quoted = || (from..tokens.len()).filter(|at| tokens[*at].is_quoted());
    let found = quoted().find(|at| RequestLine::is(tokens[*at].text) || time.is_some() && answered(*at));
    // `"GET / HTTP/1.1" abc` has an invalid status rather than no request.
    found.or_else(|| quoted().next().filter(|_| time.is_some()))
}

/// Finds the status: the first word after the request, or the first one after nginx's times.
fn code(tokens: &[Token<'_>]) -> Result<(Status, usize), Unreadable> {
    let mut times = 0;
    for (at, token) in tokens.iter().enumerate() {
        let Some(word) = token.word() else { break };
        match Status::read(word) {
            Some(code) => return Ok((code, at)),
            None if latency::decimals(word.trim_end_matches(',')).is_some() || word == "-" => times += 1,
            // chi writes `"GET http://host/ HTTP/1.1" from 127.0.0.1:1234 - 200 12B in 1.2ms`.
            None if word == "from" && at == 0 => return chi(tokens),
            None => break,
        }
    }
    let first = tokens.get(times).or(tokens.first()).ok_or(Unreadable::Missing("status"))?;
    status(first.text).map(|code| (code, times))
}

fn chi(tokens: &[Token<'_>]) -> Result<(Status, usize), Unreadable> {
    let dash = tokens.iter().position(|token| token.word() == Some("-")).ok_or(Unreadable::Missing("status"))?;
    let code = tokens.get(dash + 1).and_then(Token::word).ok_or(Unreadable::Missing("status"))?;
    Ok((status(code)?, dash + 1))
}

/// Parses a time in brackets, alone or followed by a level and a module (`[2025-04-02T08:15:30Z INFO  actix_web]`).
pub(super) fn time_in(bracket: &str) -> Option<Timestamp> {
    let first =
        || bracket.split_once(' ').filter(|(first, _)| first.len() >= 19).and_then(|(first, _)| time::text(first));
    time::text(bracket).or_else(first)
}

/// Finds a time without brackets: a word or quoted text, a word and its zone, or a date and a time.
fn bare_time(tokens: &[Token<'_>]) -> Option<Timestamp> {
    let plain = |token: &Token<'_>| token.key.is_none() && token.kind != Kind::Bracket;
    let words: Vec<&str> = tokens.iter().map(|token| if plain(token) { token.text } else { "" }).collect();
    (0..words.len()).find_map(|at| {
        let (word, next) = (words[at], words.get(at + 1).copied().unwrap_or_default());
        if word.len() < 8 || !word.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let both = || time::text(&format!("{word} {next}"));
        if next.starts_with(['+', '-']) && next.len() >= 5 { both() } else { time::text(word).or_else(both) }
    })
}

/// Returns whether a bracket that can't be parsed as a time was meant as one, for example with a month in another
/// language.
fn looks_like_a_time(text: &str) -> bool {
    text.len() >= 15
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.matches(':').count() >= 2
        && text.contains(['/', '-', ' '])
}
