//! The id with which every service logs the same request of a client.

use std::fmt;

/// The header that carries it, in requests and in answers.
pub const CORRELATION_ID: &str = "x-correlation-id";
/// The most characters that an id of a client may have.
const LONGEST: usize = 64;

/// A correlation id: 1 to 64 printable ASCII characters without spaces, so that it fits into a header and a log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationId(String);

impl CorrelationId {
    /// Returns the id that a client sent, or `None` if it is not a valid one.
    pub fn accept(text: &str) -> Option<Self> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        (printable && (1..=LONGEST).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// Returns the id for a random number.
    pub fn from_random(number: u128) -> Self {
        Self(format!("{number:032x}"))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_printable() {
        for bad in ["", " ", "a b", "a\n", "ä", "\u{7f}", &"a".repeat(65)] {
            assert_eq!(CorrelationId::accept(bad), None, "{bad:?}");
        }
        for good in ["a", "req-42/7", &"a".repeat(64)] {
            assert_eq!(CorrelationId::accept(good).unwrap().as_str(), good);
        }
        let made = CorrelationId::from_random(255);
        assert_eq!(CorrelationId::accept(made.as_str()), Some(made));
    }
}
