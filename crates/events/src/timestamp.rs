//! Reads RFC 3339 timestamps with any offset; none means UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, de::Error};
use std::borrow::Cow;

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    text.parse::<Timestamp>()
        .or_else(|with_offset| {
            text.parse::<DateTime>()
                .and_then(|civil| civil.to_zoned(TimeZone::UTC))
                .map(|zoned| zoned.timestamp())
                .map_err(|_| with_offset)
        })
        .map_err(|_| D::Error::custom(format_args!("field `timestamp` is no RFC 3339 time: {:.64?}", text)))
}
