//! Programs with their own log sentences: morgan, Serilog, ASP.NET Core, uWSGI, Tornado, nginx Proxy Manager.

use super::{Line, request, status, tail};
use crate::request::{RequestLine, is_method};
use crate::tokens::{Kind, Token};
use crate::{Latency, Request, Status, Unreadable, time};

/// Reads morgan's `GET /path 200 5.123 ms - 12` and Serilog's `HTTP GET /path responded 200 in 1.2345 ms`.
pub(super) fn read(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    // koa-logger's arrow
    let arrow = line.tokens.first().is_some_and(|token| token.word() == Some("-->"));
    let tokens = &line.tokens[usize::from(arrow)..];
    let at = tokens.iter().position(|token| token.word() == Some("HTTP")).map_or(0, |at| at + 1);
    let word = |at: usize| tokens.get(at).and_then(Token::word);
    let method = word(at).filter(|method| is_method(method))?;
    let target = word(at + 1).filter(|target| target.starts_with('/'))?;
    let behind = if word(at + 2) == Some("responded") { at + 3 } else { at + 2 };
    if at > 0 && behind == at + 2 {
        return None;
    }
    let code = word(behind)?;
    let parts = tail::Parts { before: &[], between: &[], after: &tokens[behind + 1..], time: None };
    let request_line = RequestLine { method: Some(method), target: Some(target) };
    let latency = tail::latency(&parts, line.hints);
    Some(status(code).and_then(|status| request(line.outer, request_line, status, latency)))
}

/// Reads ASP.NET Core's `Request finished HTTP/2 GET https://host/path - 200 512 text/html 1.2345ms`. Versions 5 to 7
/// write the request's content type and length before the status (`application/json 12 - 200 ...`).
pub(super) fn aspnet(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let tokens = &line.tokens;
    let at = tokens.windows(2).position(|pair| {
        pair[0].word() == Some("finished") && pair[1].word().is_some_and(|protocol| protocol.starts_with("HTTP/"))
    })?;
    let word = |at: usize| tokens.get(at).and_then(Token::word);
    let method = word(at + 2).filter(|method| is_method(method))?;
    let target = word(at + 3)?;
    let later = || word(at + 7).filter(|code| word(at + 6) == Some("-") && Status::read(code).is_some());
    let code = later().or_else(|| word(at + 5))?;
    let latency = tokens.last()?.word().and_then(Latency::with_own_unit);
    let request_line = RequestLine { method: Some(method), target: Some(target) };
    Some(status(code).and_then(|status| request(line.outer, request_line, status, latency)))
}

/// Reads uWSGI's `... [Thu Oct  5 12:00:00 2023] GET /path => generated 12 bytes in 5 msecs (HTTP/1.1 200) ...`.
pub(super) fn uwsgi(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let (before, after) = line.text.split_once(" => generated ")?;
    let (before, asked) = before.rsplit_once("] ")?;
    let logged_at = time::text(before.rsplit_once('[')?.1);
    let (method, target) = asked.split_once(' ').filter(|(method, _)| is_method(method))?;
    let (_, took) = after.split_once(" in ")?;
    let (took, answer) = took.split_once(" (")?;
    let (_, code) = answer.split_once(' ')?;
    let code = code.split(')').next()?;
    let request_line = RequestLine { method: Some(method), target: Some(target) };
    let latency = Latency::with_own_unit(took);
    Some(status(code).and_then(|status| request(logged_at.or(line.outer), request_line, status, latency)))
}

/// Reads Tornado's and Jupyter's `[I 250402 08:15:30 web:2271] 200 GET /path (client) 1.23ms`.
pub(super) fn tornado(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let [head, code, method, target, _client, rest @ ..] = line.tokens.as_slice() else { return None };
    let (_level, at) = head.text.split_once(' ').filter(|_| head.kind == Kind::Bracket)?;
    let method = method.word().filter(|method| is_method(method))?;
    let target = target.word().filter(|target| target.starts_with('/'))?;
    let code = status(code.word()?).ok()?;
    let (date, rest_of_time) = at.split_once(' ')?;
    let clock = rest_of_time.split(' ').next()?;
    let date = match date.len() {
        6 if date.is_ascii() => format!("20{}-{}-{}", &date[..2], &date[2..4], &date[4..]),
        _ => date.to_owned(),
    };
    let logged_at = time::text(&format!("{date} {clock}"))?;
    let latency = rest.first().and_then(Token::word).and_then(Latency::with_own_unit);
    let request_line = RequestLine { method: Some(method), target: Some(target) };
    Some(request(Some(logged_at), request_line, code, latency))
}

/// Reads nginx Proxy Manager's `[time] cache upstream_status status - GET https host "/path" [Client 192.0.2.4] ...`.
pub(super) fn proxy_manager(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let tokens = &line.tokens;
    let at = tokens.iter().position(|token| token.kind == Kind::Bracket && token.text.starts_with("Client "))?;
    let [code, dash, method, scheme, _host, target] = tokens.get(at.checked_sub(6)?..at)? else { return None };
    let is_it = dash.word() == Some("-") && scheme.word()?.starts_with("http") && target.is_quoted();
    let method = method.word().filter(|method| is_it && is_method(method))?;
    let logged_at =
        tokens.first().filter(|token| token.kind == Kind::Bracket).and_then(|token| time::text(token.text))?;
    let request_line = RequestLine { method: Some(method), target: Some(target.text) };
    Some(status(code.word()?).and_then(|status| request(Some(logged_at), request_line, status, None)))
}
