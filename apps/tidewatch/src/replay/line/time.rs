//! The ways in which logs write a moment.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;

/// `17/May/2015:10:05:03 +0000`, what stands in brackets in an access log.
pub(super) fn clf(text: &str) -> Option<Timestamp> {
    strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?.to_timestamp().ok()
}

/// RFC 3339 (no offset means UTC), the access logs' own form, or a number as text.
pub(super) fn text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return epoch(number);
    }
    let rfc3339 = text.parse::<Timestamp>().ok();
    // Some loggers write the offset without its colon, which RFC 3339 doesn't know.
    let compact = || strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?.to_timestamp().ok();
    let without_offset = || Some(text.parse::<DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
    rfc3339.or_else(|| clf(text)).or_else(compact).or_else(without_offset)
}

/// Time since the epoch; its magnitude tells the unit: seconds, or milli-, micro- or nanoseconds. (As seconds 1e11 is the
/// year 5138, as milliseconds 1973, and so on.)
pub(super) fn epoch(number: f64) -> Option<Timestamp> {
    if !number.is_finite() || number <= 0.0 {
        return None;
    }
    let per_second = match number {
        n if n < 1e11 => 1.0,
        n if n < 1e14 => 1e3,
        n if n < 1e17 => 1e6,
        _ => 1e9,
    };
    let micros = (number / per_second * 1e6).round();
    // The cast saturates, and what is out of a timestamp's range is refused.
    #[allow(clippy::cast_possible_truncation)]
    Timestamp::from_microsecond(micros as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn clf_time_has_its_offset_applied() {
        assert_eq!(clf("17/May/2015:10:05:03 +0200"), at("2015-05-17T08:05:03Z"));
        assert_eq!(clf("17/Mai/2015:10:05:03 +0200"), None);
        assert_eq!(clf("17/May/2015:10:05:03"), None);
    }

    #[test]
    fn text_is_rfc3339_or_clf_or_a_number_and_means_utc_without_an_offset() {
        for written in [
            "2015-05-17T10:05:03.5Z",
            "2015-05-17T12:05:03.500+02:00",
            "2015-05-17T12:05:03.500+0200",
            "2015-05-17T10:05:03.5",
            "2015-05-17 10:05:03.5",
            "1431857103.5",
        ] {
            assert_eq!(text(written), at("2015-05-17T10:05:03.5Z"), "{written}");
        }
        assert_eq!(text("17/May/2015:10:05:03 +0000"), at("2015-05-17T10:05:03Z"));
        assert_eq!(text("yesterday"), None);
        assert_eq!(text("NaN"), None);
    }

    #[test]
    fn an_epoch_is_read_in_any_unit() {
        for number in [1_431_857_103.0, 1_431_857_103e3, 1_431_857_103e6, 1_431_857_103e9] {
            assert_eq!(epoch(number), at("2015-05-17T10:05:03Z"), "{number}");
        }
        for number in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(epoch(number), None, "{number}");
        }
    }
}
