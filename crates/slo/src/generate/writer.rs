//! Writes the YAML of a rule file.

use std::fmt::Write;

use crate::Span;

/// A rule file under construction.
pub(super) struct Writer(String);

/// An alert's properties apart from its expression.
pub(super) struct Alert<'a> {
    pub(super) name: &'a str,
    pub(super) hold: Option<Span>,
    pub(super) keep_firing: Option<Span>,
    pub(super) labels: &'a [(&'a str, String)],
    pub(super) annotations: &'a [(&'a str, String)],
}

impl Writer {
    pub(super) fn new() -> Self {
        Self(String::new())
    }

    pub(super) fn comment(&mut self, line: &str) {
        self.line(0, &format!("# {line}"));
    }

    pub(super) fn no_groups(&mut self) {
        self.line(0, "groups: []");
    }

    pub(super) fn groups(&mut self) {
        self.line(0, "groups:");
    }

    pub(super) fn group(&mut self, name: &str, interval: Span) {
        self.line(2, &format!("- name: {name}"));
        self.line(4, &format!("interval: {interval}"));
        self.line(4, "rules:");
    }

    pub(super) fn record(&mut self, name: &str, expression: &str, labels: &[(&str, &str)]) {
        self.line(6, &format!("- record: {name}"));
        self.expression(expression);
        self.map("labels", labels.iter().map(|(name, value)| (*name, *value)));
    }

    pub(super) fn alert(&mut self, alert: &Alert<'_>, expression: &str) {
        self.line(6, &format!("- alert: {}", alert.name));
        self.expression(expression);
        if let Some(hold) = alert.hold {
            self.line(8, &format!("for: {hold}"));
        }
        if let Some(keep_firing) = alert.keep_firing {
            self.line(8, &format!("keep_firing_for: {keep_firing}"));
        }
        self.map("labels", alert.labels.iter().map(|(name, value)| (*name, value.as_str())));
        self.map("annotations", alert.annotations.iter().map(|(name, value)| (*name, value.as_str())));
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn expression(&mut self, expression: &str) {
        if expression.contains(only_quoted) {
            self.line(8, &format!("expr: {}", quoted(expression)));
            return;
        }
        if !expression.contains('\n') && !expression.contains(": ") && !expression.contains(" #") {
            self.line(8, &format!("expr: {expression}"));
            return;
        }
        self.line(8, "expr: |-");
        for line in expression.lines() {
            self.line(10, line);
        }
    }

    fn map<'a>(&mut self, name: &str, entries: impl Iterator<Item = (&'a str, &'a str)>) {
        let mut entries = entries.peekable();
        if entries.peek().is_some() {
            self.line(8, &format!("{name}:"));
        }
        for (key, value) in entries {
            self.line(10, &format!("{key}: {}", quoted(value)));
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        // Writing to a String can't fail.
        let _ = writeln!(self.0, "{:indent$}{text}", "");
    }
}

/// Returns whether YAML allows a character only as an escape in double quotes: it isn't printable, or breaks lines.
fn only_quoted(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Returns a YAML scalar in double quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            odd if odd == '\t' || only_quoted(odd) => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(odd));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_one_scalar() {
        let text = "a \"b\" \\ #c: {{ $d }}\n\te\u{1} \u{85} \u{2028}\r ";
        let yaml = format!("x: {}\n", quoted(text));
        let read: std::collections::BTreeMap<String, String> = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(read["x"], text);
        assert!(!yaml.contains(only_quoted), "{yaml}");
    }
}
