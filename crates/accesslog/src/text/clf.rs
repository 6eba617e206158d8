//! Common log format and everything built on it: `host ident user [time] "request" status bytes ...`, as Apache, nginx,
//! ingress-nginx, Traefik, Tomcat, gunicorn and many others write it, with more fields in front and behind.

use jiff::Timestamp;

use super::{Line, request, status, tail};
use crate::request::RequestLine;
use crate::tokens::{Kind, Token};
use crate::{Request, Status, Unreadable, latency, time};

pub(super) fn read(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let tokens = &line.tokens;
    let bracket = tokens
        .iter()
        .enumerate()
        .find_map(|(at, token)| (token.kind == Kind::Bracket).then(|| Some((at, time::text(token.text)?)))?);
    let asked = position(tokens, bracket.map(|(at, _)| at))?;
    let logged_at = match bracket.map(|(_, time)| time).or_else(|| bare_time(&tokens[..asked])).or(line.outer) {
        Some(at) => Some(at),
        None => match tokens[..asked].iter().find(|token| token.kind == Kind::Bracket && looks_like_a_time(token.text))
        {
            Some(token) => return Some(Err(Unreadable::field("time", token.text))),
            None => None,
        },
    };
    let (code, at) = match code(&tokens[asked + 1..]) {
        Ok((code, after)) => (code, asked + 1 + after),
        Err(error) => return Some(Err(error)),
    };
    let parts = tail::Parts {
        before: &tokens[..asked],
        between: &tokens[asked + 1..at],
        after: &tokens[at + 1..],
        time: bracket.map(|(at, _)| at),
    };
    let request_line = RequestLine::read(tokens[asked].text);
    Some(request(logged_at, request_line, code, tail::latency(&parts, line.hints)))
}

/// Where the request stands: the first quoted text after the time that is a request line, or has a status behind it (a
/// TLS handshake on a plain port was answered, too). Without a time, only a request line will do.
fn position(tokens: &[Token<'_>], time: Option<usize>) -> Option<usize> {
    let from = time.map_or(0, |at| at + 1);
    let answered =
        |at: usize| tokens.get(at + 1).and_then(Token::word).is_some_and(|word| Status::read(word).is_some());
    let quoted = || (from..tokens.len()).filter(|at| tokens[*at].is_quoted());
    let found = quoted().find(|at| RequestLine::is(tokens[*at].text) || time.is_some() && answered(*at));
    // `"GET / HTTP/1.1" abc` has a bad status rather than no request.
    found.or_else(|| quoted().next().filter(|_| time.is_some()))
}

/// The status is the first word behind the request, or stands behind the times of nginx.
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
    let code = tokens.get(3).and_then(Token::word).ok_or(Unreadable::Missing("status"))?;
    Ok((status(code)?, 3))
}

/// A time without brackets, as one word or two.
fn bare_time(tokens: &[Token<'_>]) -> Option<Timestamp> {
    fn word<'a>(token: &Token<'a>) -> Option<&'a str> {
        token.word().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
    }
    let one = tokens.iter().filter_map(word).filter(|word| word.len() >= 19).find_map(time::text);
    one.or_else(|| {
        tokens.windows(2).find_map(|pair| {
            let date = word(&pair[0]).filter(|date| (10..=11).contains(&date.len()))?;
            time::text(&format!("{date} {}", word(&pair[1])?))
        })
    })
}

/// Whether a bracket that is no time was meant to be one: a month in another language, say.
fn looks_like_a_time(text: &str) -> bool {
    text.len() >= 15
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.matches(':').count() >= 2
        && text.contains(['/', '-', ' '])
}
