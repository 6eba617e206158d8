//! Durations in the notation of OpenSLO and Prometheus: `30s`, `5m`, `4w`.

use std::fmt;

/// A duration in whole milliseconds. Displayed as in Prometheus, in the largest unit without remainder: `1h`,
/// `90m`, `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Span {
    /// Creates a duration from milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Creates a duration from seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * 1_000)
    }

    /// Creates a duration from minutes.
    pub const fn from_mins(minutes: u64) -> Self {
        Self::from_secs(minutes * 60)
    }

    /// Creates a duration from hours.
    pub const fn from_hours(hours: u64) -> Self {
        Self::from_mins(hours * 60)
    }

    /// Creates a duration from days of 24 hours.
    pub const fn from_days(days: u64) -> Self {
        Self::from_hours(days * 24)
    }

    /// Returns the duration in milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the duration in seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// Parses OpenSLO's shorthand: a whole number and one of the units m, h, d, w (and s).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let end = text.find(|character: char| !character.is_ascii_digit())?;
        let (number, unit) = text.split_at(end);
        let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit && *name != "ms")?;
        number.parse::<u64>().ok()?.checked_mul(*milliseconds).map(Self)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Weeks are left out: 28d is a more common way to write a budget's window than 4w.
        let (unit, milliseconds) =
            UNITS[1..].iter().find(|(_, milliseconds)| self.0.is_multiple_of(*milliseconds)).unwrap_or(&UNITS[5]);
        write!(f, "{}{unit}", self.0 / milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorthand_duration_is_a_number_and_a_unit() {
        assert_eq!(Span::parse("4w"), Some(Span::from_days(28)));
        assert_eq!(Span::parse("90m"), Some(Span::from_mins(90)));
        for bad in ["", "5", "m", "1.5h", "-5m", "5 m", "1M", "1h30m", "99999999999999999999d"] {
            assert_eq!(Span::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_are_displayed_in_the_largest_unit_that_divides_them() {
        for (span, text) in [
            (Span::from_days(30), "30d"),
            (Span::from_mins(90), "90m"),
            (Span::from_hours(1), "1h"),
            (Span::from_millis(1_500), "1500ms"),
        ] {
            assert_eq!(span.to_string(), text);
        }
    }
}
