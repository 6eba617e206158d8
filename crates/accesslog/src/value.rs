//! A value as written in a log, and its possible meanings.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::producer::Signs;
use crate::{Status, latency, time};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    Whole(i64),
    Fraction(f64),
}

impl<'a> Value<'a> {
    pub(crate) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// Returns whether it is a whole number, quoted or not.
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Self::Text(text) => latency::whole(text).is_some(),
            Self::Whole(_) => true,
            Self::Fraction(_) => false,
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Text(text) => latency::number(text),
            // Exact up to 104 days in nanoseconds.
            #[allow(clippy::cast_precision_loss)]
            Self::Whole(number) => Some(*number as f64),
            Self::Fraction(number) => Some(*number),
        }
    }

    pub(crate) fn moment(&self) -> Option<Timestamp> {
        match self {
            Self::Text(text) => time::text(text),
            _ => time::epoch(self.number()?),
        }
    }

    pub(crate) fn status(&self) -> Option<Status> {
        match self {
            Self::Text(text) => Status::read(text.split(' ').next()?),
            _ => Status::read(&self.number().filter(|number| number.fract() == 0.0)?.to_string()),
        }
    }

    pub(crate) fn says_something(&self) -> bool {
        !matches!(self, Self::Text(text) if matches!(text.trim(), "" | "-"))
    }

    pub(crate) fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Whole(number) => Cow::Owned(number.to_string()),
            Self::Fraction(number) => Cow::Owned(number.to_string()),
        }
    }
}

/// The value of a role with the best rank so far.
#[derive(Debug)]
pub(crate) struct Best<T>(Option<(u8, T)>);

impl<T> Default for Best<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Best<T> {
    pub(crate) fn offer(&mut self, rank: u8, value: T) {
        if self.0.as_ref().is_none_or(|(best, _)| rank < *best) {
            self.0 = Some((rank, value));
        }
    }

    pub(crate) fn take(self) -> Option<T> {
        self.0.map(|(_, value)| value)
    }

    pub(crate) fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl<T: Copy> Best<T> {
    pub(crate) fn get(&self) -> Option<T> {
        self.0.map(|(_, value)| value)
    }
}

/// Returns whether it is a date alone, such as `2024-03-12`, with the time in another field.
pub(crate) fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() })
}

pub(crate) fn level(value: &Value<'_>) -> Signs {
    match value {
        Value::Whole(_) => Signs::NODE,
        Value::Text(text) if text.bytes().all(|byte| byte.is_ascii_lowercase()) => Signs::LOWER_LEVEL,
        Value::Text(text) if text.starts_with(|c: char| c.is_ascii_uppercase()) => Signs::UPPER_LEVEL,
        _ => Signs::NONE,
    }
}

pub(crate) fn source(value: &Value<'_>) -> Signs {
    match value {
        Value::Text(text) if text.starts_with("http.log.access") => Signs::CADDY,
        Value::Text(text) if text.contains(".go") => Signs::GO,
        _ => Signs::NONE,
    }
}
