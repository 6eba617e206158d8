//! The parser, which recognises the shape of a line and reads the request from it.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::fields::Fields;
use crate::json::Flat;
use crate::producer::Signs;
use crate::w3c::Columns;
use crate::{Format, Request, Unit, text, wrap};

/// The user's knowledge about the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// The field that holds the request's latency; all others are ignored. Fields within objects are `outer.inner`.
    pub latency_field: Option<String>,
    /// The unit of latencies that don't name theirs.
    pub latency_unit: Option<Unit>,
}

/// The reason why a line is not a request.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// The shape of the line is not known.
    #[error("neither an access log line nor a JSON object")]
    UnknownFormat,
    /// The line belongs to a W3C log, such as IIS's, but no `#Fields` line came before it.
    #[error("a line of a W3C log without a preceding #Fields line")]
    NoColumns,
    /// The line starts like a JSON object but isn't one.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// A required part of a request is missing.
    #[error("no field with the {0}")]
    Missing(&'static str),
    /// A part can't be parsed.
    #[error("can't parse the {what} `{text}`")]
    Field {
        /// The part of the line.
        what: &'static str,
        /// The first 40 characters of its text, control characters replaced.
        text: String,
    },
    /// The line doesn't have the format that the user gave.
    #[error("does not match the format of --format")]
    OtherFormat,
}

impl Unreadable {
    pub(crate) fn field(what: &'static str, text: &str) -> Self {
        let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        Self::Field { what, text: text.chars().take(40).map(printable).collect() }
    }
}

/// Maximum nesting of JSON within JSON, such as a container runtime's log of a log that a program forwarded.
const DEPTH: usize = 3;

/// The fields in which JSON logs hold another program's line.
const INNER: [&str; 10] =
    ["log", "MESSAGE", "message", "Message", "msg", "line", "textPayload", "event.original", "_raw", "properties"];

/// Maximum number of objects within a JSON object that are searched for a request.
const OBJECTS: usize = 16;

/// A parser that reads a log line by line.
///
/// Lines must be given in order, because a `#Fields` line describes the lines of a W3C log after it.
#[derive(Debug, Clone, Default)]
pub struct Parser {
    hints: Hints,
    format: Option<Format>,
    columns: Option<Columns>,
}

impl Parser {
    /// Creates a parser that recognises the shape of each line.
    pub fn new(hints: Hints) -> Self {
        Self { hints, format: None, columns: None }
    }

    /// Creates a parser that reads only lines of this format.
    pub fn of_format(format: Format) -> Self {
        Self { format: Some(format), ..Self::default() }
    }

    /// Reads a line. Returns `None` if the line is blank or starts with `#`, like the directives of a W3C log.
    ///
    /// # Errors
    ///
    /// Returns [`Unreadable`] if the line is not a request.
    pub fn read(&mut self, line: &str) -> Result<Option<Request>, Unreadable> {
        let line = clean(line);
        let line = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\0' | '\u{feff}'));
        if line.is_empty() {
            return Ok(None);
        }
        if line.starts_with('#') {
            if let Some(columns) = Columns::of(line) {
                self.columns = Some(columns);
            }
            return Ok(None);
        }
        self.request(line, None, DEPTH).map(Some)
    }

    fn request(&self, line: &str, outer: Option<Timestamp>, depth: usize) -> Result<Request, Unreadable> {
        if let Some(format) = &self.format {
            return self.formatted(format, line, outer, depth);
        }
        if line.starts_with('{') {
            return self.json(line, outer, Signs::NONE, depth);
        }
        let usual = || Columns::usual(line)?.read(line, &self.hints);
        if let Some(request) = self.columns.as_ref().and_then(|columns| columns.read(line, &self.hints)).or_else(usual)
        {
            return request;
        }
        let (rest, at) = wrap::peel(line);
        let outer = at.or(outer);
        match json_within(rest) {
            Some((before, json)) => {
                let signs = match before {
                    _ if before.contains("http.log.access") => Signs::CADDY,
                    _ if before.contains(".go:") => Signs::GO,
                    _ => Signs::NONE,
                };
                self.json(json, outer, signs, depth)
            }
            None => text::read(rest, outer, &self.hints).map_err(|error| match error {
                Unreadable::UnknownFormat if Columns::are_missing(line) => Unreadable::NoColumns,
                error => error,
            }),
        }
    }

    /// Reads a line of the given format, which may be wrapped by a container runtime or syslog.
    fn formatted(
        &self,
        format: &Format,
        line: &str,
        outer: Option<Timestamp>,
        depth: usize,
    ) -> Result<Request, Unreadable> {
        if let Some(request) = format.read(line, outer) {
            return request;
        }
        let (rest, at) = wrap::peel(line);
        if rest.len() < line.len() {
            return self.formatted(format, rest, at.or(outer), depth);
        }
        let flat = line.starts_with('{').then(|| Flat::read(line).ok()).flatten();
        match flat.as_ref().and_then(|flat| Some((flat, inner_line(flat)?))).filter(|_| depth > 0) {
            Some((flat, line)) => {
                self.formatted(format, line, self.fields(flat, Signs::NONE).moment().or(outer), depth - 1)
            }
            None => Err(Unreadable::OtherFormat),
        }
    }

    fn json(&self, text: &str, outer: Option<Timestamp>, signs: Signs, depth: usize) -> Result<Request, Unreadable> {
        let flat = Flat::read(text)?;
        let fields = self.fields(&flat, signs);
        if !(fields.has_status() && fields.has_target())
            && depth > 0
            && let Some(line) = inner_line(&flat)
            && let Ok(request) = self.request(line, fields.moment().or(outer), depth - 1)
        {
            return Ok(request);
        }
        match fields.finish(outer) {
            Err(Unreadable::Missing(what)) => self.nested(&flat, outer).unwrap_or(Err(Unreadable::Missing(what))),
            read => read,
        }
    }

    fn fields<'f>(&'f self, flat: &Flat<'f>, signs: Signs) -> Fields<'f> {
        let mut fields = Fields::new(&self.hints, signs);
        for (path, name, value) in flat.fields() {
            fields.add(path, name, value.clone());
        }
        fields
    }

    /// Returns the request from the first nested object that holds one, whatever the object's name.
    fn nested(&self, flat: &Flat<'_>, outer: Option<Timestamp>) -> Option<Result<Request, Unreadable>> {
        let mut prefixes: Vec<&str> = Vec::new();
        for (path, ..) in flat.fields() {
            for (dot, _) in path.match_indices('.') {
                if !prefixes.contains(&&path[..=dot]) && prefixes.len() < OBJECTS {
                    prefixes.push(&path[..=dot]);
                }
            }
        }
        let outer = self.fields(flat, Signs::NONE).moment().or(outer);
        prefixes.into_iter().find_map(|prefix| {
            let mut fields = Fields::new(&self.hints, Signs::NONE);
            for (path, _, value) in flat.fields() {
                if let Some(name) = path.strip_prefix(prefix) {
                    fields.add(path, name, value.clone());
                }
            }
            let is_request = fields.has_status() && fields.has_target() && fields.has_method();
            is_request.then(|| fields.finish(outer))
        })
    }
}

/// Returns the line that a JSON log forwards.
fn inner_line<'f>(flat: &'f Flat<'_>) -> Option<&'f str> {
    INNER.iter().find_map(|name| flat.text(name)).map(str::trim).filter(|line| !line.is_empty())
}

/// Returns a JSON object at the end of the line and the words before it.
fn json_within(line: &str) -> Option<(&str, &str)> {
    let start = line.find('{').filter(|start| line.ends_with('}') && *start <= 200)?;
    let (before, json) = line.split_at(start);
    let is_object = json[1..].trim_start().starts_with(['"', '}']);
    (is_object && !before.contains('"')).then_some((before, json))
}

/// Removes the colour codes that some programs write.
fn clean(line: &str) -> Cow<'_, str> {
    if !line.as_bytes().contains(&0x1b) {
        return Cow::Borrowed(line);
    }
    let mut parts = line.split("\u{1b}[");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        match part[end..].strip_prefix('m') {
            Some(rest) => clean.push_str(rest),
            None => {
                clean.push_str("\u{1b}[");
                clean.push_str(part);
            }
        }
    }
    Cow::Owned(clean)
}
