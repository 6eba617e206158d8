//! W3C extended logs, as written by IIS and CloudFront: a `#Fields` line names the columns of the lines after it.

use crate::fields::{Fields, Value};
use crate::producer::Signs;
use crate::request::{is_known_method, is_method};
use crate::value::is_date;
use crate::{Hints, Request, Status, Unreadable};

/// CloudFront's columns; older logs have only the first ones.
const CLOUDFRONT: &str = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) \
                          cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header \
                          cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher \
                          x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port \
                          time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start \
                          sc-range-end";

/// IIS's columns since version 8.
const IIS: &str = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) \
                   cs(Referer) sc-status sc-substatus sc-win32-status time-taken";

/// The columns named by a `#Fields` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns(Vec<String>);

impl Columns {
    /// Parses a line that begins with `#`. Returns `None` for other directives and comments.
    pub(crate) fn of(directive: &str) -> Option<Self> {
        let names = directive.strip_prefix("#Fields:")?;
        let columns: Vec<String> = names.split_ascii_whitespace().map(str::to_owned).collect();
        (!columns.is_empty()).then_some(Self(columns))
    }

    /// Returns CloudFront's or IIS's default columns if the line fits them: reading may start in the middle of a log.
    pub(crate) fn usual(line: &str) -> Option<Self> {
        let (separator, names, least) = if line.contains('\t') { ('\t', CLOUDFRONT, 19) } else { (' ', IIS, 15) };
        if !line.split(separator).next().is_some_and(is_date) {
            return None;
        }
        let values: Vec<&str> = line.split(separator).collect();
        let names: Vec<&str> = names.split_ascii_whitespace().collect();
        let value = |wanted: &str| names.iter().position(|name| *name == wanted).and_then(|at| values.get(at).copied());
        let is_usual = (least..=names.len()).contains(&values.len())
            && is_method(value("cs-method")?)
            && value("cs-uri-stem")?.starts_with('/')
            && Status::read(value("sc-status")?).is_some();
        is_usual.then(|| Self(names[..values.len()].iter().map(|name| (*name).to_owned()).collect()))
    }

    /// Returns whether the line begins with a date and a time and contains a method, which suggests a W3C log with
    /// unknown columns.
    pub(crate) fn are_missing(line: &str) -> bool {
        let mut words = line.split_ascii_whitespace();
        let begins = words.next().is_some_and(is_date) && words.next().is_some_and(|word| word.len() == 8);
        begins && words.any(is_known_method)
    }

    /// Reads a line with these columns. Returns `None` if the number of columns differs.
    pub(crate) fn read(&self, line: &str, hints: &Hints) -> Option<Result<Request, Unreadable>> {
        let separator = if line.contains('\t') { '\t' } else { ' ' };
        if line.split(separator).count() != self.0.len() {
            return None;
        }
        let mut fields = Fields::new(hints, Signs::NONE);
        for (name, value) in self.0.iter().zip(line.split(separator)) {
            fields.add(name, name, Value::text(value));
        }
        Some(fields.finish(None))
    }
}
