//! Reads a request event in the form that nearly every producer writes: one flat JSON object whose strings have no
//! escapes.
//!
//! It reads such an event exactly as serde does, in half the time. It leaves all other input to serde, including the
//! wording of every rejection.

use std::borrow::Cow;

use crate::{RequestView, timestamp};

/// Returns the event, or `None` if the text is not in the plain form, which says nothing about its validity.
pub(crate) fn read(text: &str) -> Option<RequestView<'_>> {
    let mut cursor = Cursor { text, at: 0 };
    let mut fields = Fields::default();
    cursor.skip_space();
    cursor.take(b'{')?;
    loop {
        cursor.skip_space();
        let name = cursor.string()?;
        cursor.skip_space();
        cursor.take(b':')?;
        cursor.skip_space();
        fields.read(name, &mut cursor)?;
        cursor.skip_space();
        match cursor.next()? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    cursor.skip_space();
    if cursor.at < text.len() { None } else { fields.event() }
}

/// The fields read so far. Text with a duplicate field is left to serde, which rejects it.
#[derive(Default)]
struct Fields<'a> {
    timestamp: Option<&'a str>,
    service: Option<&'a str>,
    region: Option<&'a str>,
    endpoint: Option<&'a str>,
    status_code: Option<u16>,
    request_id: Option<&'a str>,
    latency_ms: Option<Option<f64>>,
    method: Option<Option<&'a str>>,
    error: Option<Option<bool>>,
    trace_id: Option<Option<&'a str>>,
    span_id: Option<Option<&'a str>>,
}

impl<'a> Fields<'a> {
    fn read(&mut self, name: &str, cursor: &mut Cursor<'a>) -> Option<()> {
        match name {
            "timestamp" => once(&mut self.timestamp, cursor.string()?),
            "service" => once(&mut self.service, cursor.string()?),
            "region" => once(&mut self.region, cursor.string()?),
            "endpoint" => once(&mut self.endpoint, cursor.string()?),
            "status_code" => once(&mut self.status_code, cursor.integer()?),
            "request_id" => once(&mut self.request_id, cursor.string()?),
            "latency_ms" => once(&mut self.latency_ms, cursor.optional(Cursor::decimal)?),
            "method" => once(&mut self.method, cursor.optional(Cursor::string)?),
            "error" => once(&mut self.error, cursor.optional(Cursor::boolean)?),
            "trace_id" => once(&mut self.trace_id, cursor.optional(Cursor::string)?),
            "span_id" => once(&mut self.span_id, cursor.optional(Cursor::string)?),
            // Unknown fields are ignored if they are strings; other values are left to serde.
            _ => cursor.string().map(drop),
        }
    }

    fn event(self) -> Option<RequestView<'a>> {
        Some(RequestView {
            timestamp: timestamp::plain(self.timestamp?)?,
            service: Cow::Borrowed(self.service?),
            region: Cow::Borrowed(self.region?),
            endpoint: Cow::Borrowed(self.endpoint?),
            status_code: self.status_code?,
            request_id: Cow::Borrowed(self.request_id?),
            latency_ms: self.latency_ms.flatten(),
            method: self.method.flatten().map(Cow::Borrowed),
            error: self.error.flatten(),
            trace_id: self.trace_id.flatten().map(Cow::Borrowed),
            span_id: self.span_id.flatten().map(Cow::Borrowed),
        })
    }
}

fn once<T>(field: &mut Option<T>, value: T) -> Option<()> {
    field.replace(value).is_none().then_some(())
}

/// The read position. Each of its methods returns `None` if it finds something else.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        (self.next()? == expected).then_some(())
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Reads a string without escapes.
    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let from = self.at;
        let rest = self.text.as_bytes().get(from..)?;
        let length = plain_length(rest);
        self.at += length;
        self.take(b'"')?;
        self.text.get(from..from + length)
    }

    /// Reads digits, and returns their value and number. Returns `None` for more than 15, the number that an f64 always
    /// holds exactly.
    fn digits(&mut self) -> Option<(u64, usize)> {
        let from = self.at;
        let mut value = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value * 10 + u64::from(digit - b'0');
            self.at += 1;
            if self.at - from > 15 {
                return None;
            }
        }
        let count = self.at - from;
        (count > 0).then_some((value, count))
    }

    /// Reads the digits before the decimal point: JSON allows no leading zeros.
    fn whole(&mut self) -> Option<(u64, usize)> {
        let leading_zero = self.peek() == Some(b'0');
        self.digits().filter(|&(_, count)| count == 1 || !leading_zero)
    }

    fn integer(&mut self) -> Option<u16> {
        let (value, _) = self.whole()?;
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        u16::try_from(value).ok()
    }

    /// Reads a number of at most 15 digits without an exponent. Its digits and the power of ten are then exact, so the
    /// single division rounds only once: the result is the nearest f64, as with serde.
    fn decimal(&mut self) -> Option<f64> {
        const POWERS: [f64; 16] =
            [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
        let (mut value, mut count) = self.whole()?;
        let mut power = 1.0;
        if self.peek() == Some(b'.') {
            self.at += 1;
            let (part, places) = self.digits()?;
            count += places;
            if count > 15 {
                return None;
            }
            value = value * 10_u64.pow(places as u32) + part;
            power = POWERS[places];
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            return None;
        }
        Some(value as f64 / power)
    }

    /// Reads a value with `read`, or null.
    fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.peek() == Some(b'n') && self.text.get(self.at..)?.starts_with("null") {
            self.at += 4;
            return Some(None);
        }
        read(self).map(Some)
    }

    fn boolean(&mut self) -> Option<bool> {
        let rest = self.text.get(self.at..)?;
        let (value, length) = if rest.starts_with("true") {
            (true, 4)
        } else if rest.starts_with("false") {
            (false, 5)
        } else {
            return None;
        };
        self.at += length;
        Some(value)
    }
}

/// Returns the number of bytes before a quotation mark, a backslash or a control character, checking eight at a time.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // The lowest set bit belongs to the first such byte; bits above it may be wrong.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = control | zero(word ^ (ONES * u64::from(b'"'))) | zero(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    words.len() * 8 + rest.iter().position(is_special).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests;
