//! Numbers and times in a human-readable form.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::rules::Unit;

/// Placeholder for an unknown value.
pub(crate) const NONE: &str = "–";

/// Formats a number with as many digits as are useful: `0.4`, `20.1`, `148`, `12,400`.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    // 0.07 * 100 is slightly more than 7.
    let value = (value * 1e6).round() / 1e6;
    if value.abs() < 99.95 && value.fract() != 0.0 { format!("{value:.1}") } else { thousands(value.round() as i64) }
}

/// Formats a rate per second without its unit. It keeps one decimal, so that the text doesn't jump while the rate
/// changes.
pub(crate) fn rate(value: f64) -> String {
    if value < 999.95 { format!("{value:.1}") } else { thousands(value.round() as i64) }
}

/// Formats an integer with a comma every three digits.
pub(crate) fn thousands(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats milliseconds without the unit.
pub(crate) fn milliseconds(value: f64) -> String {
    if value < 10.0 { format!("{value:.1}") } else { number(value.round()) }
}

/// Formats a share as a percentage, without the sign.
pub(crate) fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0".to_owned(),
        percent if percent < 1.0 => format!("{percent:.2}"),
        percent => format!("{percent:.1}"),
    }
}

/// Formats a rule's value with its unit.
pub(crate) fn measured(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Milliseconds => format!("{} ms", milliseconds(value)),
        Unit::Share => format!("{} %", percent(value)),
        Unit::PerMinute => format!("{} /min", number(value)),
        Unit::Number => number(value),
    }
}

/// Formats the time of day in UTC, as `12:41:03`.
pub(crate) fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%H:%M:%S").to_string()
}

/// Returns the seconds between two moments.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// Formats a duration as `14.2 s`, `48 s`, `4 min 12 s` or `1 h 05 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as i64;
    match whole {
        0..20 => format!("{:.1} s", seconds.max(0.0)),
        20..120 => format!("{whole} s"),
        120..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", thousands(whole / 3600), whole % 3600 / 60),
    }
}

/// Formats a duration in whole seconds, for one that counts up while it is displayed.
pub(crate) fn age(from: Timestamp, now: Timestamp) -> String {
    let seconds = between(from, now).max(0.0).floor();
    if seconds < 20.0 { format!("{seconds} s") } else { duration(seconds) }
}

/// Formats bytes as MiB.
pub(crate) fn mebibytes(bytes: f64) -> String {
    format!("{} MiB", number((bytes / 1_048_576.0).round()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_numbers_have_fewer_decimals() {
        let written = [0.0, 0.44, 0.3 * 100.0, 20.12, 148.4, 12_400.0, -1_234_567.0, f64::NAN].map(number);
        assert_eq!(written, ["0", "0.4", "30", "20.1", "148", "12,400", "-1,234,567", "–"]);
    }

    #[test]
    fn small_shares_and_latencies_stay_distinguishable() {
        assert_eq!([0.0, 0.0001, 0.05, 0.314, 1.0].map(percent), ["0", "0.01", "5.0", "31.4", "100.0"]);
        assert_eq!([0.25, 48.3, 1240.4].map(milliseconds), ["0.2", "48", "1,240"]);
    }

    #[test]
    fn durations_are_shown_in_a_fitting_unit() {
        assert_eq!(
            [0.04, 14.24, 48.0, 119.9, 252.0, 3_900.0].map(duration),
            ["0.0 s", "14.2 s", "48 s", "2 min 00 s", "4 min 12 s", "1 h 05 min"]
        );
    }
}
