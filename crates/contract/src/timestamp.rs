//! Reads RFC 3339 timestamps with any offset; none means UTC.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::Deserializer;
use serde::de::{Error, Visitor};

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    deserializer.deserialize_str(Rfc3339)
}

/// Parses the text in place, without copying it.
struct Rfc3339;

impl Visitor<'_> for Rfc3339 {
    type Value = Timestamp;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse::<Timestamp>()
            .or_else(|with_offset| {
                text.parse::<DateTime>()
                    .and_then(|civil| civil.to_zoned(TimeZone::UTC))
                    .map(|zoned| zoned.timestamp())
                    .map_err(|_| with_offset)
            })
            .map_err(|_| E::custom(format_args!("field `timestamp` is not an RFC 3339 timestamp: {text:.64?}")))
    }
}

/// Reads a UTC time in the form that nearly every producer writes, `2026-11-21T12:00:00.123Z`; returns `None` for any
/// other form.
pub(crate) fn plain(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let (&[y, yy, yyy, yyyy, b'-', mo, mon, b'-', d, dd, b'T', h, hh, b':', mi, min, b':', s, ss], rest) =
        bytes.split_first_chunk::<19>()?
    else {
        return None;
    };
    let second = number(&[s, ss]).filter(|second| *second < 60)?;
    let nanosecond = match rest.split_last()? {
        (b'Z', []) => 0,
        (b'Z', [b'.', fraction @ ..]) if (1..=9).contains(&fraction.len()) => {
            number(fraction)? * 10_i32.pow(9 - fraction.len() as u32)
        }
        _ => return None,
    };
    let two = |tens, ones| number(&[tens, ones]).and_then(|number| i8::try_from(number).ok());
    let year = i16::try_from(number(&[y, yy, yyy, yyyy])?).ok()?;
    let (month, day, hour, minute) = (two(mo, mon)?, two(d, dd)?, two(h, hh)?, two(mi, min)?);
    let civil = DateTime::new(year, month, day, hour, minute, second as i8, nanosecond).ok()?;
    Offset::UTC.to_timestamp(civil).ok()
}

/// Returns the number written with at most nine digits.
fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i32::from(digit - b'0')))
}
