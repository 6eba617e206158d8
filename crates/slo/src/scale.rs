//! Shorter durations for rehearsals, so that a page goes through its whole life in minutes.

use std::str::FromStr;

use crate::Span;
use crate::generate::times::{EVERY, RATE, TILE};

/// The divisor of every duration in the generated rules. 1 is real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale(u64);

/// Maximum divisor: with a scrape every second, rates need at least 5 s.
const MOST: u64 = 60;

/// The error for a scale that would need fractions of milliseconds, or rates too short for the scrapes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {}, not `{asked}`", allowed().map(|scale| scale.to_string()).collect::<Vec<_>>().join(", "))]
pub struct InvalidScale {
    asked: String,
}

fn allowed() -> impl Iterator<Item = u64> {
    let even = |scale: u64| [EVERY, RATE, TILE].iter().all(|span| span.as_millis().is_multiple_of(scale));
    (1..=MOST).filter(move |scale| even(*scale))
}

impl Scale {
    /// Real time.
    pub const REAL: Self = Self(1);

    /// Creates a scale that divides durations by this number.
    ///
    /// # Errors
    /// If durations would not be whole milliseconds, or rates would be too short. The error lists the allowed scales.
    pub fn new(scale: u64) -> Result<Self, InvalidScale> {
        if allowed().any(|allowed| allowed == scale) {
            Ok(Self(scale))
        } else {
            Err(InvalidScale { asked: scale.to_string() })
        }
    }

    /// Returns the divisor.
    pub fn get(self) -> u64 {
        self.0
    }

    pub(crate) fn apply(self, span: Span) -> Span {
        Span::from_millis(span.as_millis() / self.0)
    }
}

impl Default for Scale {
    fn default() -> Self {
        Self::REAL
    }
}

impl FromStr for Scale {
    type Err = InvalidScale;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map_err(|_| InvalidScale { asked: text.to_owned() }).and_then(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_that_does_not_leave_whole_milliseconds_is_rejected_with_the_allowed_scales() {
        assert_eq!(Scale::new(60).map(Scale::get), Ok(60));
        assert_eq!("1".parse(), Ok(Scale::REAL));
        for bad in ["0", "7", "61", "120", "-1", "fast"] {
            let error = bad.parse::<Scale>().unwrap_err().to_string();
            assert!(error.starts_with("expected one of 1, 2, 3, 4, 5, 6, 8, 10,") && error.contains(bad), "{error}");
        }
    }
}
