//! The values in a rules file: durations, shares and counts.

use jiff::SignedDuration;
use serde_saphyr::{Location, Spanned};

use super::RulesError;
use crate::kinds::PPM;
use crate::units::Span;

/// Maximum number of windows that a rule may wait for, and of panes per window: the state grows with both.
pub(super) const MAX_WINDOWS: u32 = 1_000;

pub(super) fn refuse(at: Location, problem: impl Into<String>) -> RulesError {
    RulesError { line: at.line().max(1), column: at.column().max(1), problem: problem.into() }
}

pub(super) fn at_least_one(count: &Option<Spanned<u64>>, key: &str, default: u64) -> Result<u64, RulesError> {
    match count {
        None => Ok(default),
        Some(count) if (1..=u64::from(u32::MAX)).contains(&count.value) => Ok(count.value),
        Some(count) => Err(refuse(count.referenced, format!("`{key}` must be 1 to {}", u32::MAX))),
    }
}

pub(super) fn windows(count: &Option<Spanned<u32>>, key: &str) -> Result<u32, RulesError> {
    match count {
        None => Ok(2),
        Some(count) if (1..=MAX_WINDOWS).contains(&count.value) => Ok(count.value),
        Some(count) => Err(refuse(count.referenced, format!("`{key}` must be 1 to {MAX_WINDOWS}"))),
    }
}

/// Parses a duration in whole milliseconds, from `least` milliseconds to a day.
pub(super) fn milliseconds(text: &Spanned<String>, key: &str, least: i64) -> Result<Span, RulesError> {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let duration: Option<SignedDuration> = text.value.parse().ok();
    let whole = duration.filter(|duration| duration.subsec_nanos() % 1_000_000 == 0).map(|d| d.as_millis());
    match whole.and_then(|whole| i64::try_from(whole).ok()) {
        Some(milliseconds) if (least..=DAY).contains(&milliseconds) => Ok(Span(milliseconds)),
        _ => {
            let problem =
                format!("`{key}` must be a duration of {least}ms to 24h, such as 500ms or 5s, not `{}`", text.value);
            Err(refuse(text.referenced, problem))
        }
    }
}

/// Parses a share such as `5%`, above 0 % and below 100 %, and returns it in parts per million.
pub(super) fn share(text: &Spanned<String>, key: &str) -> Result<u64, RulesError> {
    let percent: Option<f64> = text.value.strip_suffix('%').and_then(|number| number.trim().parse().ok());
    let ppm = percent.map(|percent| (percent * PPM as f64 / 100.0).round());
    match ppm {
        Some(ppm) if ppm >= 1.0 && ppm < PPM as f64 => Ok(ppm as u64),
        _ => Err(refuse(
            text.referenced,
            format!("`{key}` must be above 0% and below 100%, such as 5%, not `{}`", text.value),
        )),
    }
}
