//! The elements of a JSON array, one by one, however they are spread over lines. At most one element is held in memory.

use std::io::{self, BufRead, Cursor, Read};

use super::decode::Whole;
use super::{Line, filled};
use crate::replay::line::MAX_LINE_BYTES;

/// Number of leading bytes to search for the first character that isn't whitespace.
const BLANK: usize = 64 * 1024;

/// Returns whether the input starts with a JSON array, or with one object spread over many lines, and a reader of the
/// complete input.
pub(super) fn is_array<R: Read>(mut reader: R) -> io::Result<(bool, Whole<R>)> {
    let mut start = Vec::new();
    let is_array = loop {
        if let Some(answer) = begins(&start) {
            break answer;
        }
        let mut chunk = [0; 4096];
        let count = match reader.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        start.extend_from_slice(&chunk[..count]);
        if count == 0 || start.len() > BLANK {
            break false;
        }
    };
    Ok((is_array, Cursor::new(start).chain(reader)))
}

/// Returns whether it starts with `[` and an object, or with `{` alone on its line. `None` if more bytes are needed.
fn begins(start: &[u8]) -> Option<bool> {
    let text = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(start);
    match text.trim_ascii_start() {
        [] => None,
        [b'[', rest @ ..] => rest.trim_ascii_start().first().map(|byte| *byte == b'{'),
        [b'{', rest @ ..] => {
            let next = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
            next.map(|byte| *byte == b'\n')
        }
        _ => Some(false),
    }
}

/// Splits the input into elements.
pub(super) struct Elements<R> {
    reader: R,
    number: u64,
    end: u64,
}

impl<R: BufRead> Elements<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, number: 0, end: 0 }
    }

    /// Returns the next element, keeping at most one byte more than the limit; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut element = Element::default();
        loop {
            let chunk = filled(&mut self.reader)?;
            let ended = chunk.iter().position(|byte| element.ends_with(*byte));
            let used = ended.map_or(chunk.len(), |at| at + 1);
            let at_end = chunk.is_empty();
            self.reader.consume(used);
            self.end += used as u64;
            if ended.is_some() || at_end {
                break;
            }
        }
        if element.bytes.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(Line { number: self.number, bytes: element.bytes, end: self.end }))
    }
}

/// An element that is partly read.
#[derive(Default)]
struct Element {
    bytes: Vec<u8>,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Element {
    /// Takes a byte, and returns whether it was the last one.
    fn ends_with(&mut self, byte: u8) -> bool {
        if self.bytes.is_empty() {
            // The only non-ASCII bytes between elements are those of the byte order mark at the beginning.
            if byte.is_ascii_whitespace() || matches!(byte, b',' | b'[' | b']') || !byte.is_ascii() {
                return false;
            }
        } else if self.depth == 0 && matches!(byte, b',' | b']' | b'\n') {
            // An element that isn't an object ends where the next one begins.
            return true;
        }
        if self.bytes.len() <= MAX_LINE_BYTES {
            self.bytes.push(byte);
        }
        if self.in_string {
            self.in_string = byte != b'"' || self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    fn all(text: &str, capacity: usize) -> Vec<(u64, String)> {
        let mut elements = Elements::new(BufReader::with_capacity(capacity, text.as_bytes()));
        let line = |line: Line| (line.number, String::from_utf8(line.bytes).unwrap());
        std::iter::from_fn(|| elements.next().unwrap().map(line)).collect()
    }

    fn starts(text: &str) -> bool {
        is_array(text.as_bytes()).unwrap().0
    }

    #[test]
    fn only_a_bracket_before_an_object_starts_an_array() {
        for text in ["[{}]", " \n[\n  {\"a\":1}", "\u{feff}[{", "{\n  \"a\": 1\n}", "{ \r\n"] {
            assert!(starts(text), "{text:?}");
        }
        for text in ["", "[2022-04-01T03:23:12Z] \"GET", "[GIN] ", "{\"a\":1}\n", "{}", "text", "[", "[[1]]"] {
            assert!(!starts(text), "{text:?}");
        }
        let mut again = String::new();
        is_array("[{}]".as_bytes()).unwrap().1.read_to_string(&mut again).unwrap();
        assert_eq!(again, "[{}]");
    }

    #[test]
    fn elements_are_split_at_their_ends_whatever_their_strings_contain() {
        let text = r#"[ {"a":"}]\"{", "b":[{}]} ,
            {"c":1},{}]
            [{"d":2}] {"e":3}"#;
        let expected = [r#"{"a":"}]\"{", "b":[{}]}"#, r#"{"c":1}"#, "{}", r#"{"d":2}"#, r#"{"e":3}"#];
        for capacity in [1, 3, 4096] {
            let texts: Vec<String> = all(text, capacity).into_iter().map(|(_, text)| text).collect();
            assert_eq!(texts, expected);
        }
        assert_eq!(all(text, 7).last().unwrap().0, 5);
    }

    #[test]
    fn text_that_is_not_an_object_is_its_own_element_and_nothing_is_lost() {
        let texts: Vec<String> =
            all("[{\"a\":1}, 17, \"x\", {\"b\":2}, {\"cut", 5).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["{\"a\":1}", "17", "\"x\"", "{\"b\":2}", "{\"cut"]);
    }

    #[test]
    fn only_the_start_of_an_endless_element_is_held() {
        let text = format!("[{{\"a\":\"{}\"}},{{}}]", "x".repeat(3 * MAX_LINE_BYTES));
        let sizes: Vec<usize> = all(&text, 8192).iter().map(|(_, text)| text.len()).collect();
        assert_eq!(sizes, [MAX_LINE_BYTES + 1, 2]);
    }

    proptest! {
        #[test]
        fn an_array_gives_its_elements(
            names in proptest::collection::vec("\\PC{0,12}", 0..8),
            pretty: bool,
            capacity in 1usize..32,
        ) {
            let elements: Vec<_> = names.iter().map(|name| serde_json::json!({"name": name, "of": [name]})).collect();
            let text = if pretty { serde_json::to_string_pretty(&elements) } else { serde_json::to_string(&elements) };
            let read: Vec<serde_json::Value> =
                all(&text.unwrap(), capacity).iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
            prop_assert_eq!(read, elements);
        }
    }
}
