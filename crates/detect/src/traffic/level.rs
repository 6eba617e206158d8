//! A number of requests in one byte, so that a day of them stays small.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::collections::VecDeque;

/// A number rounded to four significant bits, like a floating-point number with three bits of mantissa: exact below 16,
/// within 6.25 % above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level(u8);

impl Level {
    /// The level is not known.
    pub(crate) const UNKNOWN: Self = Self(u8::MAX);
    /// 2^33 - 1: more than a window can hold, and the largest number whose code differs from that of `UNKNOWN`.
    const MOST: u64 = (1 << 33) - 1;

    pub(crate) fn of(number: u64) -> Self {
        let number = number.min(Self::MOST);
        if number < 8 {
            return Self(number as u8);
        }
        let exponent = number.ilog2() - 3;
        Self((8 * exponent) as u8 + (number >> exponent) as u8)
    }

    /// Returns the middle of the range of numbers that the byte represents.
    pub(crate) fn number(self) -> Option<u64> {
        match self {
            Self::UNKNOWN => None,
            Self(code) if code < 16 => Some(u64::from(code)),
            Self(code) => {
                let exponent = u32::from(code) / 8 - 1;
                let mantissa = u64::from(code % 8 + 8);
                Some((mantissa << exponent) + (1 << (exponent - 1)))
            }
        }
    }
}

/// Serialises levels as a string of two hexadecimal digits each.
pub(crate) mod hex {
    use super::{Deserialize, Deserializer, Level, Serialize, Serializer, VecDeque, de};

    pub(crate) fn serialize<S: Serializer>(levels: &VecDeque<Level>, serializer: S) -> Result<S::Ok, S::Error> {
        let text: String = levels.iter().map(|level| format!("{:02x}", level.0)).collect();
        text.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VecDeque<Level>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits: Option<Vec<u8>> = text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect();
        let pairs = digits.filter(|digits| digits.len().is_multiple_of(2));
        let pairs = pairs.ok_or_else(|| de::Error::custom("levels must be pairs of hexadecimal digits"))?;
        Ok(pairs.chunks_exact(2).map(|pair| Level(pair[0] * 16 + pair[1])).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_within_a_sixteenth_of_its_number() {
        for number in (0..10_000).chain([123_456, 7_654_321, 8_000_000_000]) {
            let back = Level::of(number).number().unwrap();
            assert!(back.abs_diff(number) * 16 <= number, "{number} became {back}");
        }
        assert!((0..16).all(|number| Level::of(number).number() == Some(number)));
    }

    #[test]
    fn more_requests_are_never_a_lower_level_and_never_unknown() {
        let numbers = (0..64).map(|shift| u64::MAX >> (63 - shift));
        let levels: Vec<u64> = numbers.map(|number| Level::of(number).number().unwrap()).collect();
        assert!(levels.is_sorted(), "{levels:?}");
    }
}
