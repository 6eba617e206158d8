//! Sanitises untrusted text for a terminal or a log: anyone who can write to a topic must not be able to move the
//! cursor, forge a line or hide a word.

use std::fmt::{self, Display, Write};

/// Characters, besides control characters, that are invisible or that change how others are displayed: those that
/// Unicode calls default ignorable (`DerivedCoreProperties.txt`; soft hyphens, bidirectional controls, zero widths,
/// fillers, tags), except for the selectors that make a character an emoji; line and paragraph separators; and
/// interlinear annotations.
const HIDDEN: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Displays data as one line: non-printable characters are escaped visibly, such as `\n`, `\x1b` and `\u{202e}`.
pub fn printable<T: Display>(data: T) -> Printable<T> {
    Printable { data, keeps_lines: false }
}

/// Like [`printable`], for text of several lines: line feeds are kept.
pub fn printable_lines<T: Display>(text: T) -> Printable<T> {
    Printable { data: text, keeps_lines: true }
}

/// A wrapper that displays its data with non-printable characters escaped.
#[derive(Debug, Clone, Copy)]
pub struct Printable<T> {
    data: T,
    keeps_lines: bool,
}

impl<T: Display> Display for Printable<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping { out, keeps_lines: self.keeps_lines }, "{}", self.data)
    }
}

struct Escaping<'a, W> {
    out: &'a mut W,
    keeps_lines: bool,
}

impl<W: Write> Write for Escaping<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let keeps_lines = self.keeps_lines;
        let stays = |character| is_printable(character) || keeps_lines && character == '\n';
        let mut rest = text;
        while let Some(at) = rest.find(|character| !stays(character)) {
            let (before, hidden) = rest.split_at(at);
            self.out.write_str(before)?;
            let mut characters = hidden.chars();
            match characters.next() {
                Some(escaped @ ('\n' | '\r' | '\t')) => write!(self.out, "{}", escaped.escape_default())?,
                Some(control @ '\0'..='\u{ff}') => write!(self.out, "\\x{:02x}", u32::from(control))?,
                Some(other) => write!(self.out, "{}", other.escape_unicode())?,
                None => {}
            }
            rest = characters.as_str();
        }
        self.out.write_str(rest)
    }
}

fn is_printable(character: char) -> bool {
    let is_hidden = || HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&character));
    !character.is_control() && (character.is_ascii() || !is_hidden())
}

/// Returns the same JSON with non-printable characters in its strings written as JSON escapes. serde_json escapes only
/// the characters that JSON requires, which are those below U+0020.
pub fn printable_json(json: &str) -> String {
    let mut printable = String::with_capacity(json.len());
    for character in json.chars() {
        // Outside strings, these are the only such characters in JSON.
        if is_printable(character) || matches!(character, '\n' | '\r' | '\t') {
            printable.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a string can't fail.
            let _ = write!(printable, "\\u{unit:04x}");
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read_stays() {
        for text in ["", "payment-service", "größe 日本 שלום 😀", "a ❤\u{fe0f}", "C:\\x1b", "e\u{301}", "\u{a0}"]
        {
            assert_eq!(printable(text).to_string(), text);
        }
    }

    #[test]
    fn escape_sequences_forged_lines_and_hidden_characters_become_visible() {
        for (hostile, shown) in [
            ("\x1b]0;pwned\x07\x1b[2J", "\\x1b]0;pwned\\x07\\x1b[2J"),
            ("\u{9b}31m\u{7f}\u{8}\0", "\\x9b31m\\x7f\\x08\\x00"),
            ("api\r\nFIRING  all", "api\\r\\nFIRING  all"),
            ("a\u{2028}b\u{2029}c\u{85}d\u{b}e", "a\\u{2028}b\\u{2029}c\\x85d\\x0be"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
            ("\u{2066}a\u{2069}\u{200f}\u{61c}", "\\u{2066}a\\u{2069}\\u{200f}\\u{61c}"),
            ("pay\u{200b}ment\u{feff}\u{ad}\u{2060}", "pay\\u{200b}ment\\u{feff}\\xad\\u{2060}"),
            ("a\u{e0061}\u{e0101}b", "a\\u{e0061}\\u{e0101}b"),
        ] {
            assert_eq!(printable(hostile).to_string(), shown);
        }
    }

    #[test]
    fn text_of_several_lines_keeps_them_and_nothing_else() {
        assert_eq!(printable_lines("a\nb\r\x1b[1A\tc").to_string(), "a\nb\\r\\x1b[1A\\tc");
    }

    #[test]
    fn json_stays_the_same_json() {
        let value = serde_json::json!({"name": "\u{9b}31m\u{202e}\n\x1b\u{e0061}größe\u{7f}"});
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let escaped = printable_json(&text);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
            assert_eq!(printable_lines(&escaped).to_string(), escaped);
        }
    }
}
