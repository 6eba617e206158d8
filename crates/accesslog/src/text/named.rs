//! Lines of named values, and lines whose fields are separated by tabs or bars: logfmt, LTSV, `key=value`, gin.

use super::{Line, clf};
use crate::fields::{Fields, Value};
use crate::producer::Signs;
use crate::request::{RequestLine, is_known_method, is_method};
use crate::tokens::{self, Kind};
use crate::{Latency, Request, Status, Unreadable, latency, time};

/// Reads logfmt and similar lines: `key=value key="a value" [time] "request"`.
pub(super) fn pairs(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    let mut fields = Fields::new(line.hints, Signs::NONE);
    let mut pairs = 0;
    for token in &line.tokens {
        match (token.key, token.kind) {
            (Some(key), _) => {
                pairs += 1;
                fields.add(key, key, Value::text(token.text));
            }
            (None, Kind::Bracket) => {
                if let Some(at) = clf::time_in(token.text) {
                    fields.logged_at(at);
                }
            }
            (None, Kind::Quoted) => fields.request_line(RequestLine::read(token.text)),
            (None, Kind::Word | Kind::QuotedPair) => {}
        }
    }
    (pairs >= 2 && (fields.has_status() || fields.has_target())).then(|| fields.finish(line.outer))
}

/// Reads fields separated by tabs, with labels (LTSV) or without.
pub(super) fn tabs(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    line.text.contains('\t').then(|| parts(line, line.text.split('\t')))?
}

/// Reads fields separated by bars.
pub(super) fn bars(line: &Line<'_>) -> Option<Result<Request, Unreadable>> {
    if line.text.contains(" | ") {
        return parts(line, line.text.split(" | "));
    }
    (line.text.matches('|').count() >= 5).then(|| parts(line, line.text.split('|')))?
}

/// Reads fields that have a label or are recognised by their form.
fn parts<'a>(line: &Line<'a>, parts: impl Iterator<Item = &'a str>) -> Option<Result<Request, Unreadable>> {
    let mut fields = Fields::new(line.hints, Signs::NONE);
    let mut count = 0;
    // Three-digit numbers before the request may be sizes.
    let mut early = Vec::new();
    for part in parts {
        count += 1;
        let part = part.trim();
        if let Some(status) = bare_status(part).filter(|_| !fields.has_status()) {
            if fields.has_target() {
                fields.status(status)
            } else {
                early.push(status)
            }
            continue;
        }
        match part.split_once([':', '=']).filter(|(name, _)| tokens::is_name(name)) {
            Some((name, value)) => fields.add(name, name, Value::text(value.trim().trim_matches('"'))),
            None => unnamed(&mut fields, part),
        }
    }
    if let ([status], false) = (&early[..], fields.has_status()) {
        fields.status(*status);
    }
    let enough = count >= 3 && fields.has_status() && fields.has_target();
    enough.then(|| fields.finish(line.outer))
}

fn unnamed<'a>(fields: &mut Fields<'a>, part: &'a str) {
    let bare = unwrapped(part);
    if let Some(at) = moment(part) {
        fields.logged_at(at);
    } else if latency::decimals(bare).is_some_and(|(_, digits)| digits == 3) {
        fields.nginx_latency(bare);
    } else if bare.starts_with(|c: char| c.is_ascii_digit()) && Latency::with_own_unit(bare).is_some() {
        fields.latency(bare);
    } else if let Some(request_line) = RequestLine::within(bare).or_else(|| route(bare)) {
        fields.request_line(request_line);
    } else if is_known_method(bare) {
        fields.add("method", "method", Value::text(bare));
    } else if bare.starts_with('/') {
        fields.add("path", "path", Value::text(bare));
    }
}

fn unwrapped(part: &str) -> &str {
    part.trim_start_matches(['(', '"']).trim_end_matches([')', '"'])
}

fn bare_status(part: &str) -> Option<Status> {
    let bare = unwrapped(part);
    Status::read(bare).filter(|_| bare.len() == 3)
}

/// Parses the time in a field: alone, in brackets, or after a word (`[GIN] 2024/01/02 - 15:04:05`).
fn moment(part: &str) -> Option<jiff::Timestamp> {
    if part.len() < 19 {
        return None;
    }
    let bracket = || part.split(['[', ']']).find_map(time::text);
    let behind = || time::text(part.split_once("] ")?.1);
    time::text(part).or_else(bracket).or_else(behind)
}

/// Parses gin's `GET      "/path"`.
fn route(part: &str) -> Option<RequestLine<'_>> {
    let (method, target) = part.split_once(' ')?;
    let target = target.trim().trim_matches('"');
    (is_method(method) && target.starts_with('/')).then_some(RequestLine { method: Some(method), target: Some(target) })
}
