//! Request latencies in the notations that logs use.

/// The unit of a number in a log. Finer units are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

impl Unit {
    /// Returns the unit that a word or symbol names: `ms`, `msec`, `millis`, `µs`, `seconds` and so on.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "s" | "sec" | "secs" | "second" | "seconds" => Self::Seconds,
            "ms" | "msec" | "msecs" | "milli" | "millis" | "millisecond" | "milliseconds" => Self::Milliseconds,
            "us" | "µs" | "μs" | "usec" | "usecs" | "micro" | "micros" | "microsec" | "microsecond"
            | "microseconds" => Self::Microseconds,
            "ns" | "nsec" | "nano" | "nanos" | "nanosec" | "nanosecond" | "nanoseconds" => Self::Nanoseconds,
            _ => return None,
        })
    }

    fn milliseconds(self) -> f64 {
        match self {
            Self::Seconds => 1e3,
            Self::Milliseconds => 1.0,
            Self::Microseconds => 1e-3,
            Self::Nanoseconds => 1e-6,
        }
    }
}

/// A request's latency, from zero to [`Latency::LONGEST_MS`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Latency(f64);

impl Latency {
    /// Maximum latency: one hour. A larger number is a timestamp, a size or in another unit.
    pub const LONGEST_MS: f64 = 3_600_000.0;

    /// Creates a latency. Returns `None` if it is negative, longer than an hour or not a number.
    pub fn new(value: f64, unit: Unit) -> Option<Self> {
        let ms = value * unit.milliseconds();
        // Rounded to nanoseconds, so that 0.0271 s is 27.1 ms rather than 27.099999999999998.
        let ms = (ms * 1e6).round() / 1e6;
        (0.0..=Self::LONGEST_MS).contains(&ms).then_some(Self(ms))
    }

    /// Returns the latency in milliseconds.
    pub fn as_ms(self) -> f64 {
        self.0
    }

    /// Parses a duration that names its unit: `12.3ms`, `5 ms`, `0.112s`, Go's `1m2.5s`, Java's `PT0.112S`, .NET's
    /// `00:00:00.1120000`.
    pub(crate) fn with_own_unit(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > 40 || !text.is_ascii() && !text.contains(['µ', 'μ']) {
            return None;
        }
        if let Some(iso) = text.strip_prefix("PT") {
            return Self::parts(&iso.to_ascii_lowercase());
        }
        if text.contains(':') {
            return Self::clock(text);
        }
        Self::parts(text)
    }

    /// Parses numbers that are each followed by a unit.
    fn parts(mut text: &str) -> Option<Self> {
        let mut seconds = 0.0;
        let mut only = None;
        let mut count = 0;
        while !text.is_empty() {
            let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let value: f64 = text[..digits].parse().ok()?;
            let rest = text[digits..].trim_start();
            let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let word = rest[..end].trim_end();
            match word {
                "h" => seconds += value * 3600.0,
                "m" | "min" => seconds += value * 60.0,
                _ => {
                    let unit = Unit::named(word)?;
                    seconds += value * unit.milliseconds() / 1e3;
                    only = Some((value, unit));
                }
            }
            count += 1;
            text = &rest[end..];
        }
        match only {
            // Exact; converting to seconds would round.
            Some((value, unit)) if count == 1 => Self::new(value, unit),
            _ if count > 0 => Self::new(seconds, Unit::Seconds),
            _ => None,
        }
    }

    /// Parses `hours:minutes:seconds` with a fraction.
    fn clock(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !seconds.contains('.') {
            return None;
        }
        let hours: u8 = hours.parse().ok()?;
        let minutes: u8 = minutes.parse().ok()?;
        let seconds: f64 = seconds.parse().ok()?;
        Self::new(f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0 + seconds, Unit::Seconds)
    }
}

/// Parses digits with an optional minus sign, fraction and exponent. Rejects a plus sign, `inf` and `nan`.
pub(crate) fn number(text: &str) -> Option<f64> {
    let plain = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    let starts = text.strip_prefix('-').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit());
    (starts && text.as_bytes().iter().all(plain)).then(|| text.parse().ok())?
}

/// Parses a whole number without a sign.
pub(crate) fn whole(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Parses a decimal number and counts its decimals: nginx writes times with three, gunicorn with six.
pub(crate) fn decimals(text: &str) -> Option<(f64, usize)> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (digits(whole) && digits(fraction)).then(|| Some((text.parse().ok()?, fraction.len())))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str) -> Option<f64> {
        Latency::with_own_unit(text).map(Latency::as_ms)
    }

    #[test]
    fn a_duration_with_its_own_units_is_read() {
        for (text, ms) in [
            ("12.3ms", 12.3),
            ("5 ms", 5.0),
            ("0.112s", 112.0),
            ("1m2.5s", 62_500.0),
            ("300µs", 0.3),
            ("300us", 0.3),
            ("777262464ns", 777.262464),
            ("1.0027275s", 1002.7275),
            ("PT0.112S", 112.0),
            ("PT1M2S", 62_000.0),
            ("00:00:00.1120000", 112.0),
            ("2 seconds", 2000.0),
            ("1h", 3_600_000.0),
        ] {
            assert_eq!(own(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn text_without_a_duration_or_a_unit_is_none() {
        for text in ["", "-", "12", "0.1", "ms", "-1ms", "1 parsec", "1h1s", "nan", "..ms", "10:05:03", "1e400s", "s1"]
        {
            assert_eq!(own(text), None, "{text}");
        }
    }

    #[test]
    fn durations_over_an_hour_negative_or_not_a_number_are_rejected_in_every_unit() {
        assert_eq!(Latency::new(1_724_493_133.123, Unit::Seconds), None);
        assert_eq!(Latency::new(3_600_001.0, Unit::Milliseconds), None);
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Latency::new(bad, Unit::Nanoseconds), None);
        }
        assert_eq!(Latency::new(3600.0, Unit::Seconds).map(Latency::as_ms), Some(Latency::LONGEST_MS));
    }

    #[test]
    fn numbers_are_plain_digits() {
        assert_eq!(number("2.7e-06"), Some(2.7e-6));
        assert_eq!(number("-1"), Some(-1.0));
        for bad in ["", "-", "inf", "NaN", "1,5", "0x1", "e5"] {
            assert_eq!(number(bad), None, "{bad}");
        }
        assert_eq!(decimals("0.012"), Some((0.012, 3)));
        for bad in ["12", ".5", "5.", "1.2.3", "-0.100"] {
            assert_eq!(decimals(bad), None, "{bad}");
        }
    }
}
