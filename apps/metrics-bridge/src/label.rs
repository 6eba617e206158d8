//! Makes label values from untrusted input: bounded in length, and legal in both text formats.

use std::borrow::Cow;

/// The longest label value, in bytes.
const LONGEST: usize = 128;
/// The mark at the end of a truncated value.
const CUT: char = '…';
/// The replacement for a control character.
const REPLACEMENT: char = '\u{fffd}';

/// Returns whether the value is a legal label as it is.
pub(crate) fn is_legal(value: &str) -> bool {
    let is_plain = |byte: u8| (0x20..0x7f).contains(&byte);
    // Fast path: nearly every value is plain ASCII, which needs no decoding.
    value.len() <= LONGEST && (value.bytes().all(is_plain) || !value.chars().any(is_illegal))
}

/// Returns the value as a legal label: cut after 128 bytes, with control characters replaced except for the line feed,
/// which has an escape.
pub(crate) fn legal(value: Cow<'_, str>) -> Cow<'_, str> {
    if is_legal(&value) {
        return value;
    }
    let mut legal = String::with_capacity(LONGEST);
    for character in value.chars() {
        let character = if is_illegal(character) { REPLACEMENT } else { character };
        if legal.len() + character.len_utf8() > LONGEST - CUT.len_utf8() {
            legal.push(CUT);
            break;
        }
        legal.push(character);
    }
    Cow::Owned(legal)
}

/// Appends the value, escaped for both text formats' double quotes.
pub(crate) fn push_escaped(out: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
}

fn is_illegal(character: char) -> bool {
    character.is_control() && character != '\n'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_values_are_unchanged() {
        for value in ["", "/users/{id}", "größe", "a\nb", "a\"b\\c"] {
            assert_eq!(legal(value.into()), value);
        }
    }

    #[test]
    fn long_values_are_cut_between_characters_and_marked() {
        for value in ["x".repeat(10_000), "é".repeat(10_000), "😀".repeat(10_000)] {
            let cut = legal(value.into());
            assert!(cut.len() <= LONGEST && cut.ends_with(CUT), "{cut}");
        }
        assert_eq!(legal("x".repeat(LONGEST).into()), "x".repeat(LONGEST));
    }

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(legal("a\0b\rc\u{1b}[31m\u{85}".into()), "a\u{fffd}b\u{fffd}c\u{fffd}[31m\u{fffd}");
    }

    #[test]
    fn quotes_backslashes_and_line_feeds_are_escaped() {
        let mut out = String::new();
        push_escaped(&mut out, "a\"b\\c\nd");
        assert_eq!(out, r#"a\"b\\c\nd"#);
    }
}
