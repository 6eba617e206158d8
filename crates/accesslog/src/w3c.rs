//! W3C extended logs, as IIS and CloudFront write them: a `#Fields` line says what the lines behind it hold.

use crate::fields::{Fields, Value};
use crate::producer::Signs;
use crate::{Hints, Request, Unreadable};

/// The columns that a `#Fields` line named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns(Vec<String>);

impl Columns {
    /// Of a line that begins with `#`; `None` where it is another directive or a comment.
    pub(crate) fn of(directive: &str) -> Option<Self> {
        let names = directive.strip_prefix("#Fields:")?;
        let columns: Vec<String> = names.split_ascii_whitespace().map(str::to_owned).collect();
        (!columns.is_empty()).then_some(Self(columns))
    }

    /// Reads a line of these columns; `None` where it has another number of them.
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
