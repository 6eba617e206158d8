//! nginx's `log_format`: text with `$variables`.

use super::{Piece, Remedies, Role};
use crate::Unit;

pub(super) const REMEDIES: Remedies =
    Remedies { time: "$time_local, $time_iso8601 or $msec", status: "$status", request: "$request or $request_uri" };

const SECONDS: &str = r"-|\d+(?:\.\d+)?";
const STATUS: &str = r"-|\d{1,3}";
/// An upstream's values: one per server that nginx contacted.
const LIST: &str = r"[^ ,]*(?:, [^ ,]+| : [^ ,]+)*";

/// Returns the number of nginx variables in the text.
pub(super) fn variables(text: &str) -> usize {
    let is_name = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '{');
    text.split('$').skip(1).filter(|rest| is_name(rest)).count()
}

pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let text = string(text);
    let mut pieces = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('$') {
        let (name, end) = name(&rest[at + 1..]);
        if name.is_empty() {
            literal(&mut pieces, &rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        literal(&mut pieces, &rest[..at]);
        pieces.push(value(name));
        rest = &rest[at + 1 + end..];
    }
    literal(&mut pieces, rest);
    beside(&mut pieces);
    pieces
}

/// Limits values that end where an adjacent one begins: `$host$request_uri`, `$uri$is_args$args`.
fn beside(pieces: &mut [Piece]) {
    for at in 1..pieces.len() {
        let (before, after) = pieces.split_at_mut(at);
        if let ([.., Piece::Value { name, pattern: pattern @ None, .. }], [Piece::Value { .. }, ..]) = (before, after) {
            *pattern = match name.as_str() {
                "$host" | "$http_host" | "$server_name" | "$proxy_host" => Some(r#"[^ /"]*"#),
                "$uri" | "$document_uri" => Some(r#"[^?"]*"#),
                _ => None,
            };
        }
    }
}

fn literal(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Literal(before)) => before.push_str(text),
        _ => pieces.push(Piece::Literal(text.to_owned())),
    }
}

/// Returns the name after `$`, written `name` or `{name}`, and its length in the text.
fn name(text: &str) -> (&str, usize) {
    if let Some((name, _)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        return (name, name.len() + 2);
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    (&text[..end], end)
}

fn value(name: &str) -> Piece {
    let (role, pattern) = match name {
        "time_local" => (Role::Time, Some(r"[^ ]+ [+-]\d{4}")),
        "time_iso8601" => (Role::Time, None),
        "msec" => (Role::Time, Some(r"[\d.]+")),
        "status" => (Role::Status, Some(STATUS)),
        "request" => (Role::RequestLine, None),
        "request_method" => (Role::Method, None),
        "request_uri" | "uri" | "document_uri" => (Role::Target, None),
        "server_port" => (Role::Skipped, Some(r"\d*")),
        "is_args" => (Role::Skipped, Some(r"\??")),
        "request_time" => (Role::Latency(Unit::Seconds), Some(SECONDS)),
        "request_id" | "http_x_request_id" | "req_id" => (Role::RequestId, None),
        "otel_trace_id" | "opentelemetry_trace_id" => (Role::TraceId, None),
        "otel_span_id" | "opentelemetry_span_id" => (Role::SpanId, None),
        _ if name.starts_with("upstream_") && !name.starts_with("upstream_http_") => (Role::Skipped, Some(LIST)),
        _ => (Role::Skipped, None),
    };
    Piece::Value { name: format!("${name}"), role, pattern }
}

/// Extracts the string from a whole directive, `log_format main escape=json '...' '...';`, or from the text as it is.
fn string(text: &str) -> String {
    let mut rest = text.trim().trim_end_matches(';').trim_end();
    if let Some((_before, directive)) = rest.split_once("log_format ") {
        let directive = directive.trim_start();
        rest = directive.split_once(char::is_whitespace).map_or("", |(_name, rest)| rest.trim_start());
    }
    if let Some(escape) = rest.strip_prefix("escape=") {
        rest = escape.split_once(char::is_whitespace).map_or("", |(_kind, rest)| rest.trim_start());
    }
    quoted(rest).unwrap_or_else(|| unescaped(rest))
}

/// Removes the escapes of nginx's configuration.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().filter(|_| c == '\\');
        let meant = match next {
            Some(quote @ ('\'' | '"' | '\\')) => quote,
            Some('t') => '\t',
            _ => {
                plain.push(c);
                continue;
            }
        };
        plain.push(meant);
        chars.next();
    }
    plain
}

/// Joins quoted strings that follow each other.
fn quoted(text: &str) -> Option<String> {
    let mut whole = String::new();
    let mut rest = text;
    while !rest.is_empty() && !rest.starts_with(';') {
        let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let inside = &rest[1..];
        let end = closing(inside, quote)?;
        whole.push_str(&unescaped(&inside[..end]));
        rest = inside[end + 1..].trim_start();
    }
    (!whole.is_empty()).then_some(whole)
}

fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}
