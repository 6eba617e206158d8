//! A server's configured log format: nginx's `log_format` or Apache's `LogFormat`, compiled once.

mod apache;
mod gunicorn;
mod nginx;
mod pattern;

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::fmt::strtime;
use regex::Regex;

use gunicorn::gunicorn;

use crate::request::RequestLine;
use crate::{Hints, Latency, Request, Status, Unit, Unreadable, time};

/// Maximum length of a format in bytes. A longer text is probably a whole configuration file.
const LONGEST: usize = 8 * 1024;

/// A compiled format.
#[derive(Debug, Clone)]
pub struct Format {
    /// Matches each value up to the text that follows it: fast, and correct for everything that servers escape.
    strict: Regex,
    /// Matches each value as short as possible, for unquoted values with spaces.
    loose: Regex,
    /// The role of each value, in order.
    values: Vec<Role>,
    is_json: bool,
}

/// The reason why a format can't be used. The message continues a sentence that begins with the flag's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The format has variables of neither server.
    #[error(
        "has neither a variable of nginx such as $status nor one of Apache such as %>s; copy the string of your \
         server's log_format or LogFormat"
    )]
    NoVariables,
    /// The format lacks a part that a request event needs.
    #[error("has no {missing}; add {remedy}, or omit --format to have the lines recognised by their shape")]
    Missing {
        /// The missing parts: `status`, `time`, `request`, or several of them.
        missing: String,
        /// The variables that would add them.
        remedy: String,
    },
    /// The format's time can't be parsed back.
    #[error("has the time format `{0}`, which lacks a date or a time")]
    Time(String),
    /// Two values have nothing between them.
    #[error("has `{0}` directly after another variable, so the boundary between them is unknown")]
    Adjacent(String),
    /// The format is longer than any server's.
    #[error("is longer than {LONGEST} bytes; give only the format string")]
    TooLong,
    /// `--latency-field` names a variable that the format doesn't have.
    #[error("has no variable `{0}`, which --latency-field names")]
    NoSuchField(String),
}

/// The meaning of a value.
#[derive(Debug, Clone, PartialEq)]
enum Role {
    Skipped,
    Time,
    /// A time in strftime notation.
    Strftime(String),
    Status,
    RequestLine,
    Method,
    Target,
    Latency(Unit),
    RequestId,
    TraceId,
    SpanId,
}

/// One part of a format.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Literal(String),
    Value {
        /// The name as written in the format.
        name: String,
        role: Role,
        /// The pattern of its text, if known.
        pattern: Option<&'static str>,
    },
}

/// Variables to suggest when a part is missing.
struct Remedies {
    time: &'static str,
    status: &'static str,
    request: &'static str,
}

impl Format {
    /// Compiles nginx's `log_format`, Apache's `LogFormat` or gunicorn's `access_log_format`, given as the string alone
    /// or as the whole directive.
    ///
    /// The variables decide which of the three it is. Unknown variables are skipped. With `needs_time`, a format
    /// without a time is refused.
    ///
    /// # Errors
    ///
    /// Returns [`FormatError`] if a part is missing or can't be understood.
    pub fn compile(text: &str, hints: &Hints, needs_time: bool) -> Result<Self, FormatError> {
        if text.len() > LONGEST {
            return Err(FormatError::TooLong);
        }
        let text = &*gunicorn(text);
        let (mut pieces, remedies) = match (nginx::variables(text), apache::variables(text)) {
            (0, 0) => return Err(FormatError::NoVariables),
            (nginx, apache) if nginx >= apache => (nginx::pieces(text), nginx::REMEDIES),
            _ => (apache::pieces(text)?, apache::REMEDIES),
        };
        if hints.latency_field.is_none() {
            keep_finest_latency(&mut pieces);
        }
        choose_latency(&mut pieces, hints)?;
        check(&pieces, &remedies, needs_time)?;
        let is_json = matches!(pieces.first(), Some(Piece::Literal(text)) if text.trim_start().starts_with('{'));
        let values = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Value { role, .. } => Some(role.clone()),
                Piece::Literal(_) => None,
            })
            .collect();
        let compiled = |strict| Regex::new(&pattern::pattern(&pieces, strict)).map_err(|_| FormatError::TooLong);
        Ok(Self { strict: compiled(true)?, loose: compiled(false)?, values, is_json })
    }

    /// Reads a line. Returns `None` if the line doesn't match the format.
    pub(crate) fn read(&self, line: &str, outer: Option<Timestamp>) -> Option<Result<Request, Unreadable>> {
        let captures = self.strict.captures(line).or_else(|| self.loose.captures(line))?;
        let values = captures.iter().skip(1).map(|value| value.map_or("", |value| value.as_str()));
        Some(self.request(values, outer))
    }

    fn request<'l>(
        &self,
        values: impl Iterator<Item = &'l str>,
        outer: Option<Timestamp>,
    ) -> Result<Request, Unreadable> {
        let mut request = Request {
            logged_at: None,
            method: None,
            target: None,
            status: Status::ClientGone,
            latency: None,
            request_id: None,
            trace_id: None,
            span_id: None,
        };
        let mut answered = None;
        let owned = |value: &str| (!matches!(value, "" | "-")).then(|| self.unescaped(value).into_owned());
        for (role, value) in self.values.iter().zip(values) {
            match role {
                Role::Skipped => {}
                Role::Time | Role::Strftime(_) if request.logged_at.is_some() => {}
                Role::Time => request.logged_at = Some(moment(value, time::text(value))?),
                Role::Strftime(form) => request.logged_at = Some(moment(value, by_strftime(form, value))?),
                Role::Status => answered = Some(Status::read(value).ok_or_else(|| Unreadable::field("status", value))?),
                Role::RequestLine => {
                    let text = self.unescaped(value);
                    let line = RequestLine::read(&text);
                    request.method = line.method.map(str::to_owned);
                    request.target = line.target.map(str::to_owned);
                }
                Role::Method => request.method = owned(value),
                Role::Target => request.target = request.target.or_else(|| owned(value)),
                Role::Latency(unit) => {
                    let number = crate::latency::number(value);
                    request.latency = request.latency.or_else(|| Latency::new(number?, *unit));
                }
                Role::RequestId => request.request_id = request.request_id.or_else(|| owned(value)),
                Role::TraceId => request.trace_id = owned(value),
                Role::SpanId => request.span_id = owned(value),
            }
        }
        request.status = answered.ok_or(Unreadable::Missing("status"))?;
        request.logged_at = request.logged_at.or(outer);
        Ok(request)
    }

    /// Removes JSON's escapes from a value if the format is JSON.
    fn unescaped<'l>(&self, value: &'l str) -> Cow<'l, str> {
        let unescaped = || serde_json::from_str(&format!("\"{value}\"")).ok();
        let text = (self.is_json && value.contains('\\')).then(unescaped).flatten();
        text.map_or(Cow::Borrowed(value), Cow::Owned)
    }
}

fn moment(value: &str, read: Option<Timestamp>) -> Result<Timestamp, Unreadable> {
    read.ok_or_else(|| Unreadable::field("time", value))
}

/// Parses a time. Without a zone, it is taken as UTC.
fn by_strftime(form: &str, value: &str) -> Option<Timestamp> {
    let parsed = strtime::parse(form, value).ok()?;
    parsed
        .to_timestamp()
        .ok()
        .or_else(|| Some(parsed.to_datetime().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()))
}

/// Skips the coarser ones if a format has the request's latency more than once, as in Apache's `%T/%D`.
fn keep_finest_latency(pieces: &mut [Piece]) {
    let unit = |piece: &Piece| match piece {
        Piece::Value { role: Role::Latency(unit), .. } => Some(*unit),
        _ => None,
    };
    let finest = pieces.iter().filter_map(unit).max();
    for piece in pieces {
        if let Piece::Value { role: role @ Role::Latency(_), .. } = piece
            && finest.is_some_and(|finest| *role != Role::Latency(finest))
        {
            *role = Role::Skipped;
        }
    }
}

/// Applies the user's unit and field, which take precedence over the variables' own meanings.
fn choose_latency(pieces: &mut [Piece], hints: &Hints) -> Result<(), FormatError> {
    let mut found = false;
    for piece in pieces {
        let Piece::Value { name, role, .. } = piece else { continue };
        if let Some(field) = &hints.latency_field {
            let is_asked = name == field || name.trim_start_matches(['$', '%']) == field;
            found |= is_asked;
            match role {
                Role::Latency(_) if !is_asked => *role = Role::Skipped,
                Role::Skipped if is_asked => *role = Role::Latency(Unit::Seconds),
                _ => {}
            }
        }
        if let (Role::Latency(unit), Some(given)) = (role, hints.latency_unit) {
            *unit = given;
        }
    }
    match &hints.latency_field {
        Some(field) if !found => Err(FormatError::NoSuchField(field.clone())),
        _ => Ok(()),
    }
}

fn check(pieces: &[Piece], remedies: &Remedies, needs_time: bool) -> Result<(), FormatError> {
    let has = |wanted: fn(&Role) -> bool| {
        pieces.iter().any(|piece| matches!(piece, Piece::Value { role, .. } if wanted(role)))
    };
    let needed = [
        ("status", remedies.status, has(|role| *role == Role::Status)),
        ("time", remedies.time, !needs_time || has(|role| matches!(role, Role::Time | Role::Strftime(_)))),
        ("request", remedies.request, has(|role| matches!(role, Role::RequestLine | Role::Target))),
    ];
    let missing: Vec<_> = needed.iter().filter(|(_, _, there)| !there).collect();
    if missing.is_empty() {
        return adjacent(pieces);
    }
    let list = |of: fn(&&(&'static str, &'static str, bool)) -> &'static str, between| {
        missing.iter().map(of).collect::<Vec<_>>().join(between)
    };
    Err(FormatError::Missing { missing: list(|part| part.0, " and no "), remedy: list(|part| part.1, " and ") })
}

fn adjacent(pieces: &[Piece]) -> Result<(), FormatError> {
    for pair in pieces.windows(2) {
        if let [Piece::Value { pattern: None, .. }, Piece::Value { name, pattern: None, .. }] = pair {
            return Err(FormatError::Adjacent(name.clone()));
        }
    }
    Ok(())
}
