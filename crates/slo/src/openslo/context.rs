//! Reads the fields of a document and collects its problems.

use serde_saphyr::Location;

use crate::yaml::{self, Node, Value};
use crate::{Place, Problem};

/// A collector for the problems of a file.
pub(super) struct Context<'p> {
    file: String,
    problems: &'p mut Vec<Problem>,
    notes: &'p mut Vec<Problem>,
}

/// A map whose keys are all known.
#[derive(Debug, Clone)]
pub(super) struct Fields<'n> {
    /// The place where it begins.
    pub(super) at: Location,
    what: String,
    entries: &'n [(serde_saphyr::Spanned<String>, Node)],
}

impl<'n> Fields<'n> {
    /// Returns a field's value unless it is missing or empty.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        let (_, node) = self.entries.iter().find(|(key, _)| key.value == name)?;
        (node.value != Value::Null).then_some(node)
    }

    /// Returns a field's value and the place of its key.
    pub(super) fn entry(&self, name: &str) -> Option<(&'n Node, Location)> {
        let (key, _) = self.entries.iter().find(|(key, _)| key.value == name)?;
        Some((self.get(name)?, key.referenced))
    }
}

impl<'p> Context<'p> {
    pub(super) fn new(file: &str, problems: &'p mut Vec<Problem>, notes: &'p mut Vec<Problem>) -> Self {
        Self { file: file.to_owned(), problems, notes }
    }

    /// Returns the same collector for another file.
    pub(super) fn in_file(&mut self, file: &str) -> Context<'_> {
        Context::new(file, self.problems, self.notes)
    }

    pub(super) fn place(&self, at: Location) -> Place {
        yaml::place(&self.file, at)
    }

    pub(super) fn refuse(&mut self, at: Location, message: impl Into<String>) {
        let at = self.place(at);
        self.refuse_at(at, message);
    }

    pub(super) fn refuse_at(&mut self, at: Place, message: impl Into<String>) {
        self.problems.push(Problem { at, message: message.into() });
    }

    pub(super) fn note(&mut self, at: Location, message: impl Into<String>) {
        let at = self.place(at);
        self.note_at(at, message);
    }

    pub(super) fn note_at(&mut self, at: Place, message: impl Into<String>) {
        self.notes.push(Problem { at, message: message.into() });
    }

    /// Reads the fields of `node`, called `what` in messages. Keys must be among `known`. A key in `unsupported` is
    /// refused with the reason given there.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
        unsupported: &[(&str, &str)],
    ) -> Option<Fields<'n>> {
        let Value::Map(entries) = &node.value else {
            self.refuse(node.referenced, format!("{what} must be a map, not {}", node.value.kind()));
            return None;
        };
        for (key, _) in entries {
            let name = key.value.as_str();
            if known.contains(&name) {
                continue;
            }
            match unsupported.iter().find(|(unsupported, _)| *unsupported == name) {
                Some((_, reason)) => self.refuse(key.referenced, format!("`{name}` is not supported: {reason}")),
                None => {
                    let message = format!("unknown field `{name}`: {what} can have {}", known.join(", "));
                    self.refuse(key.referenced, message);
                }
            }
        }
        Some(Fields { at: node.referenced, what: what.to_owned(), entries })
    }

    /// Returns a field's value, or reports that it is missing.
    pub(super) fn required<'n>(&mut self, fields: &Fields<'n>, name: &str) -> Option<&'n Node> {
        let node = fields.get(name);
        if node.is_none() {
            self.refuse(fields.at, format!("{} needs `{name}`", fields.what));
        }
        node
    }

    /// Returns a field's text if the field exists.
    pub(super) fn text<'n>(&mut self, fields: &Fields<'n>, name: &str) -> Option<(&'n str, Location)> {
        let node = fields.get(name)?;
        match &node.value {
            Value::Text(text) if text.trim().is_empty() => {
                self.refuse(node.referenced, format!("`{name}` is empty"));
                None
            }
            // Control characters could manipulate a terminal, and don't belong in a name.
            Value::Text(text) if text.contains(|odd: char| odd.is_control() && !matches!(odd, '\n' | '\r' | '\t')) => {
                self.refuse(node.referenced, format!("`{name}` has a control character: remove it"));
                None
            }
            Value::Text(text) => Some((text, node.referenced)),
            other => {
                self.refuse(node.referenced, format!("`{name}` must be text, not {}", other.kind()));
                None
            }
        }
    }

    /// Returns a field's text, or reports that it is missing.
    pub(super) fn required_text<'n>(&mut self, fields: &Fields<'n>, name: &str) -> Option<(&'n str, Location)> {
        self.required(fields, name)?;
        self.text(fields, name)
    }

    /// Returns a field's finite number if the field exists.
    pub(super) fn number(&mut self, fields: &Fields<'_>, name: &str) -> Option<(f64, Location)> {
        let node = fields.get(name)?;
        match &node.value {
            Value::Number(number) if number.is_finite() => Some((*number, node.referenced)),
            other => {
                self.refuse(node.referenced, format!("`{name}` must be a finite number, not {}", other.kind()));
                None
            }
        }
    }

    /// Returns a field's Boolean if the field exists.
    pub(super) fn boolean(&mut self, fields: &Fields<'_>, name: &str) -> Option<(bool, Location)> {
        let node = fields.get(name)?;
        match &node.value {
            Value::Bool(value) => Some((*value, node.referenced)),
            other => {
                self.refuse(node.referenced, format!("`{name}` must be true or false, not {}", other.kind()));
                None
            }
        }
    }

    /// Returns the only item of a field's list. Any other number of items is a problem, reported with `why`.
    pub(super) fn single<'n>(&mut self, fields: &Fields<'n>, name: &str, why: &str) -> Option<&'n Node> {
        let node = self.required(fields, name)?;
        match &node.value {
            Value::List(items) => match items.as_slice() {
                [item] => Some(item),
                [] => {
                    self.refuse(node.referenced, format!("`{name}` is empty: {why}"));
                    None
                }
                [_, second, ..] => {
                    self.refuse(second.referenced, format!("`{name}` has {} items: {why}", items.len()));
                    None
                }
            },
            other => {
                self.refuse(node.referenced, format!("`{name}` must be a list, not {}", other.kind()));
                None
            }
        }
    }
}
