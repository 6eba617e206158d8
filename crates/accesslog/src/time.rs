//! Times in the notations that logs use. A time without a zone is taken as UTC.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Named zones in minutes east of UTC: those of RFC 822, and European ones.
const ZONES: [(&str, i32); 20] = [
    ("Z", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("WET", 0),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("WEST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("JST", 540),
];

/// 2000-01-01T00:00:00Z: a smaller number is not the time of a request.
const OLDEST: f64 = 946_684_800.0;

/// Parses a time: `17/May/2015:10:05:03 +0200`, ISO 8601 and similar (`2015/05/17 10:05:03,123`), ctime's `Sun May 17
/// 10:05:03 2015`, an HTTP date, or a number since the epoch.
pub(crate) fn text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    match text.as_bytes().first()? {
        b'0'..=b'9' => {
            if let Some(number) = crate::latency::number(text) {
                return epoch(number);
            }
            // Java writes `2015-05-17T12:05:03+02:00[Europe/Berlin]`.
            written(text.split('[').next()?)
        }
        b'[' => self::text(text.strip_prefix('[')?.strip_suffix(']')?),
        _ => {
            let (_, after_weekday) = text.split_once(' ')?;
            written(after_weekday.trim_start()).or_else(|| ctime(after_weekday))
        }
    }
}

/// Parses a date, a time and an optional zone. The month may be a name; all else is digits.
fn written(text: &str) -> Option<Timestamp> {
    let mut cursor = Cursor(text);
    let first = cursor.digits()?;
    let (year, month, day) = match first.len() {
        4 => {
            let separator = cursor.any(&["-", "/", "."])?;
            let month = cursor.number()?;
            cursor.any(&[separator])?;
            (parse(first)?, month, cursor.number()?)
        }
        1 | 2 => {
            let separator = cursor.any(&["/", "-", " "])?;
            let month = cursor.month()?;
            cursor.any(&[separator])?;
            (cursor.number()?, month, parse(first)?)
        }
        _ => return None,
    };
    cursor.any(&["T", "t", " - ", " ", ":", "_"])?;
    let time = cursor.time()?;
    moment(year, month, day, time, cursor.0)
}

/// Parses `May 17 10:05:03 2015`, after the weekday.
fn ctime(text: &str) -> Option<Timestamp> {
    let mut cursor = Cursor(text);
    let month = cursor.month()?;
    cursor.0 = cursor.0.trim_start();
    let day = cursor.number()?;
    cursor.any(&[" "])?;
    let time = cursor.time()?;
    let (zone, year) = cursor.0.rsplit_once(' ')?;
    moment(parse(year)?, month, day, time, zone)
}

fn moment(year: i16, month: i16, day: i16, time: Time, zone: &str) -> Option<Timestamp> {
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    offset(zone.trim())?.to_timestamp(DateTime::from_parts(date, time)).ok()
}

/// Parses `+02:00`, `+0200`, `+02`, a zone's name, or nothing. An unknown name is treated like a missing zone.
fn offset(zone: &str) -> Option<Offset> {
    let minutes = match zone.as_bytes().first() {
        None => 0,
        Some(sign @ (b'+' | b'-')) => {
            let mut cursor = Cursor(&zone[1..]);
            let digits = cursor.digits()?;
            let (hours, minutes) = match digits.len() {
                2 => (digits, cursor.any(&[":"]).and_then(|_| cursor.digits()).unwrap_or("0")),
                4 => digits.split_at(2),
                _ => return None,
            };
            if !cursor.0.is_empty() {
                return None;
            }
            let east: i32 = hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?;
            if *sign == b'-' { -east } else { east }
        }
        Some(_) if zone.len() <= 5 && zone.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            ZONES.iter().find(|(name, _)| zone.eq_ignore_ascii_case(name)).map_or(0, |(_, minutes)| *minutes)
        }
        Some(_) => return None,
    };
    Offset::from_seconds(minutes.checked_mul(60)?).ok()
}

/// Converts a time since the epoch, whose magnitude determines the unit: seconds, or milli-, micro- or nanoseconds.
/// (1e11 is the year 5138 as seconds, 1973 as milliseconds, and so on.)
pub(crate) fn epoch(number: f64) -> Option<Timestamp> {
    if !(OLDEST..1e20).contains(&number) {
        return None;
    }
    let per_second = match number {
        n if n < 1e11 => 1.0,
        n if n < 1e14 => 1e3,
        n if n < 1e17 => 1e6,
        _ => 1e9,
    };
    let micros = (number / per_second * 1e6).round();
    // The cast saturates, and values out of a timestamp's range are rejected.
    #[allow(clippy::cast_possible_truncation)]
    Timestamp::from_microsecond(micros as i64).ok()
}

fn parse(digits: &str) -> Option<i16> {
    digits.parse().ok()
}

/// The rest of the text.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn digits(&mut self) -> Option<&'a str> {
        let end = self.0.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        (1..=9).contains(&end).then_some(digits)
    }

    fn number(&mut self) -> Option<i16> {
        parse(self.digits()?)
    }

    fn any(&mut self, separators: &[&'a str]) -> Option<&'a str> {
        let (separator, rest) =
            separators.iter().find_map(|separator| Some((*separator, self.0.strip_prefix(separator)?)))?;
        self.0 = rest;
        Some(separator)
    }

    fn month(&mut self) -> Option<i16> {
        let name = self.0.get(..3)?;
        let index = MONTHS.iter().position(|month| name.eq_ignore_ascii_case(month))?;
        self.0 = &self.0[3..];
        i16::try_from(index + 1).ok()
    }

    /// Parses `10:05:03`, with an optional fraction after a point or a comma.
    fn time(&mut self) -> Option<Time> {
        let hour = self.digits()?.parse().ok()?;
        self.any(&[":"])?;
        let minute = self.digits()?.parse().ok()?;
        self.any(&[":"])?;
        let second: i8 = self.digits()?.parse().ok()?;
        let mut nanos = 0;
        if self.0.starts_with(['.', ',']) && self.0[1..].starts_with(|c: char| c.is_ascii_digit()) {
            self.0 = &self.0[1..];
            let digits = self.digits()?;
            nanos = digits.parse::<i32>().ok()? * 10_i32.pow(9 - u32::try_from(digits.len()).ok()?);
        }
        // Unix time has no leap seconds.
        Time::new(hour, minute, second.min(59), nanos).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn the_same_moment_is_read_from_every_notation() {
        for written in [
            "17/May/2015:12:05:03.5 +0200",
            "17/May/2015:10:05:03.500",
            "17/May/2015 10:05:03.5",
            "[17/May/2015:10:05:03.5 +0000]",
            "17/May/2015:05:05:03.5 CDT",
            "2015-05-17T10:05:03.5Z",
            "2015-05-17T12:05:03.500+02:00",
            "2015-05-17T12:05:03.500+0200",
            "2015-05-17T12:05:03.500+02",
            "2015-05-17T12:05:03.500+02:00[Europe/Berlin]",
            "2015-05-17T10:05:03.5",
            "2015-05-17 10:05:03.5",
            "2015-05-17 10:05:03,500",
            "2015-05-17 10:05:03.5 UTC",
            "2015/05/17 10:05:03.5",
            "2015/05/17 - 10:05:03.5",
            "Sun May 17 10:05:03.5 2015",
            "Sun, 17 May 2015 10:05:03.5 GMT",
            "1431857103.5",
            "1431857103500",
            "1431857103500000",
        ] {
            assert_eq!(text(written), at("2015-05-17T10:05:03.5Z"), "{written}");
        }
    }

    #[test]
    fn an_unknown_zone_is_treated_like_none() {
        assert_eq!(text("2015-05-17 10:05:03 XYZ"), at("2015-05-17T10:05:03Z"));
    }

    #[test]
    fn a_leap_second_is_the_second_before_it() {
        assert_eq!(text("31/Dec/2016:23:59:60 +0000"), at("2016-12-31T23:59:59Z"));
    }

    #[test]
    fn text_that_is_not_a_time_is_none() {
        for bad in [
            "",
            "yesterday",
            "NaN",
            "17/Mai/2015:10:05:03 +0200",
            "32/May/2015:10:05:03 +0000",
            "17/May/2015:25:05:03 +0000",
            "17/May/2015",
            "2015-05-17",
            "10:05:03",
            "2015-05-17T10:05:03 +1",
            "2015-05-17T10:05:03 +9999",
            "0.012",
            "404",
            "1e300",
        ] {
            assert_eq!(text(bad), None, "{bad}");
        }
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
