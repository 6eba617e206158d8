//! Apache's `LogFormat`: text with `%` directives.

use jiff::fmt::strtime;

use super::{FormatError, Piece, Remedies, Role};
use crate::Unit;

pub(super) const REMEDIES: Remedies = Remedies { time: "%t", status: "%>s", request: "%r or %U" };

const NUMBER: &str = r"-|\d+(?:\.\d+)?";
const STATUS: &str = r"-|\d{1,3}";
/// Fraction of a second, as part of a time composed of several directives.
const FRACTION: &str = "%f";

/// Returns the number of Apache directives in the text.
pub(super) fn variables(text: &str) -> usize {
    let mut rest = text;
    let mut count = 0;
    while let Some(at) = rest.find('%') {
        match directive(&rest[at + 1..]) {
            Some(found) => {
                count += usize::from(found.letter != "%");
                rest = &rest[at + 1 + found.length..];
            }
            None => rest = &rest[at + 1..],
        }
    }
    count
}

pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, FormatError> {
    let text = string(text);
    let mut pieces = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('%') {
        literal(&mut pieces, &rest[..at]);
        match directive(&rest[at + 1..]) {
            Some(found) if found.letter == "%" => {
                literal(&mut pieces, "%");
                rest = &rest[at + 1 + found.length..];
            }
            Some(found) => {
                let name = &rest[at..at + 1 + found.length];
                push(&mut pieces, value(name, &found));
                rest = &rest[at + 1 + found.length..];
            }
            None => {
                literal(&mut pieces, "%");
                rest = &rest[at + 1..];
            }
        }
    }
    literal(&mut pieces, rest);
    for piece in &pieces {
        if let Piece::Value { role: Role::Strftime(form), .. } = piece {
            readable(form)?;
        }
    }
    Ok(pieces)
}

fn literal(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Literal(before)) => before.push_str(text),
        _ => pieces.push(Piece::Literal(text.to_owned())),
    }
}

/// Appends a value. Adjacent times are parts of one time, as in `%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t`.
fn push(pieces: &mut Vec<Piece>, next: Piece) {
    if let Piece::Value { role: Role::Strftime(more), .. } = &next {
        let between = match pieces.as_slice() {
            [.., Piece::Value { role: Role::Strftime(_), .. }] => Some(String::new()),
            [.., Piece::Value { role: Role::Strftime(_), .. }, Piece::Literal(between)] if between.len() <= 3 => {
                Some(between.replace('%', "%%"))
            }
            _ => None,
        };
        if let Some(between) = between {
            if !between.is_empty() {
                pieces.pop();
            }
            if let Some(Piece::Value { role: Role::Strftime(form), .. }) = pieces.last_mut() {
                form.push_str(&between);
                form.push_str(more);
            }
            return;
        }
    }
    pieces.push(next);
}

struct Directive<'a> {
    /// The text in braces.
    argument: &'a str,
    letter: &'a str,
    /// Length of the whole directive without the percent sign.
    length: usize,
}

/// Parses a directive after the percent sign: `>s`, `{User-Agent}i`, `!200,304{Referer}i`, `^FB`.
fn directive(text: &str) -> Option<Directive<'_>> {
    let modifiers = text.find(|c: char| !matches!(c, '<' | '>' | '!' | ',' | '0'..='9')).unwrap_or(text.len());
    let mut rest = &text[modifiers..];
    let mut argument = "";
    if let Some(inside) = rest.strip_prefix('{') {
        let (inside, after) = inside.split_once('}')?;
        argument = inside;
        rest = after;
    }
    let length = match rest.as_bytes() {
        [b'^', first, second, ..] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => 3,
        [b'%', ..] if modifiers == 0 && argument.is_empty() => 1,
        [letter, ..] if letter.is_ascii_alphabetic() => 1,
        _ => return None,
    };
    Some(Directive { argument, letter: &rest[..length], length: text.len() - rest.len() + length })
}

fn value(name: &str, directive: &Directive<'_>) -> Piece {
    let argument = directive.argument;
    let (role, pattern) = match directive.letter {
        "t" => time(argument),
        "s" => (Role::Status, Some(STATUS)),
        "r" => (Role::RequestLine, None),
        "m" => (Role::Method, None),
        "U" => (Role::Target, None),
        "q" => (Role::Skipped, Some(r#"(?:\?[^ "]*)?"#)),
        "D" => (Role::Latency(Unit::Microseconds), Some(NUMBER)),
        "T" => {
            let unit = match argument {
                "ms" => Unit::Milliseconds,
                "us" => Unit::Microseconds,
                _ => Unit::Seconds,
            };
            (Role::Latency(unit), Some(NUMBER))
        }
        "L" => (Role::RequestId, None),
        "i" | "o" | "e" | "n" if is_request_id(argument) => (Role::RequestId, None),
        _ => (Role::Skipped, None),
    };
    Piece::Value { name: name.to_owned(), role, pattern }
}

fn is_request_id(argument: &str) -> bool {
    ["X-Request-Id", "X-Correlation-Id", "UNIQUE_ID"].iter().any(|name| argument.eq_ignore_ascii_case(name))
}

fn time(argument: &str) -> (Role, Option<&'static str>) {
    let form = argument.trim_start_matches("begin:").trim_start_matches("end:");
    match form {
        "" => (Role::Time, Some(r"\[[^\]]+\]")),
        "sec" | "msec" | "usec" => (Role::Time, Some(r"\d+")),
        "msec_frac" | "usec_frac" => (Role::Strftime(FRACTION.to_owned()), None),
        _ => (Role::Strftime(form.to_owned()), None),
    }
}

/// Checks that a time written in this form can be parsed back.
fn readable(form: &str) -> Result<(), FormatError> {
    let now = jiff::civil::date(2024, 2, 29).at(23, 59, 58, 123_000_000).to_zoned(jiff::tz::TimeZone::UTC);
    let written = now.ok().and_then(|now| strtime::format(form, &now).ok());
    let read = written.and_then(|written| super::by_strftime(form, &written));
    read.map(|_| ()).ok_or_else(|| FormatError::Time(form.to_owned()))
}

/// Extracts the string from a whole directive, `LogFormat "..." combined`, or returns the text as it is. Within the
/// quotes, a quote is written `\"`.
fn string(text: &str) -> String {
    let text = text.trim();
    let inside = text.strip_prefix("LogFormat").map_or(text, str::trim_start);
    let inside = match inside.strip_prefix('"') {
        Some(rest) if inside.len() < text.len() || rest.ends_with('"') && !rest.ends_with("\\\"") => {
            let mut escaped = false;
            let end = rest.char_indices().find_map(|(at, c)| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends.then_some(at)
            });
            end.map_or(rest, |end| &rest[..end])
        }
        _ => inside,
    };
    inside.replace("\\\"", "\"").replace("\\t", "\t")
}
