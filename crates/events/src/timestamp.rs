//! Reads RFC 3339 timestamps with any offset; none means UTC.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserializer;
use serde::de::{Error, Visitor};

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    deserializer.deserialize_str(Rfc3339)
}

/// Reads the text where it is, without a copy.
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
            .map_err(|_| E::custom(format_args!("field `timestamp` is no RFC 3339 time: {text:.64?}")))
    }
}
