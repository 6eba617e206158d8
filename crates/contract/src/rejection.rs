//! The reasons why a record is rejected, as carried by its dead letter.

use jiff::{SignedDuration, Timestamp};
use serde_json::error::Category;

/// Maximum size of an event, in bytes. Larger ones are rejected unread.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;

/// How far an event's time may be ahead of the time at which it was appended.
pub const FUTURE_TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// 2000-01-01T00:00:00Z: an older timestamp must come from a clock that was never set.
const OLDEST: Timestamp = Timestamp::constant(946_684_800, 0);

/// The reason why a record was rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The payload is larger than [`MAX_EVENT_BYTES`].
    #[error("{bytes} bytes, more than the {MAX_EVENT_BYTES} of an event")]
    TooLarge {
        /// Size of the payload.
        bytes: usize,
    },
    /// The payload is not JSON text in UTF-8.
    #[error("not JSON: {detail}")]
    NotJson {
        /// The parser's message, with line and column.
        detail: String,
    },
    /// A required field is missing, or a field's type or value is wrong.
    #[error("{detail}")]
    InvalidField {
        /// The field, and what is wrong with it.
        detail: String,
    },
    /// The event claims to be older than the year 2000.
    #[error("event time {event} is before {OLDEST}")]
    TooOld {
        /// The event's own time.
        event: Timestamp,
    },
    /// The event claims to come from the future.
    #[error("event time {event} is more than {}s after it was appended, {appended}", FUTURE_TOLERANCE.as_secs())]
    FromFuture {
        /// The event's own time.
        event: Timestamp,
        /// When it was appended, see [`crate::Appended::of`].
        appended: Timestamp,
    },
}

impl Rejection {
    /// Every [`Rejection::code`].
    pub const CODES: [&'static str; 5] = ["from_future", "invalid_field", "not_json", "too_large", "too_old"];

    /// Returns the reason as a stable word, for headers and metric labels.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotJson { .. } => "not_json",
            Self::InvalidField { .. } => "invalid_field",
            Self::TooOld { .. } => "too_old",
            Self::FromFuture { .. } => "from_future",
        }
    }

    pub(crate) fn field(name: &str, problem: &str) -> Self {
        Self::InvalidField { detail: format!("field `{name}` {problem}") }
    }
}

impl From<serde_json::Error> for Rejection {
    fn from(error: serde_json::Error) -> Self {
        let detail = error.to_string();
        match error.classify() {
            Category::Data => Self::InvalidField { detail },
            Category::Syntax | Category::Eof | Category::Io => Self::NotJson { detail },
        }
    }
}

/// Rejects event times that can't be true. `appended` is the time at which the record was appended, see
/// [`crate::Appended::of`].
pub fn check_time(event: Timestamp, appended: Timestamp) -> Result<(), Rejection> {
    if event < OLDEST {
        return Err(Rejection::TooOld { event });
    }
    if event.duration_since(appended) > FUTURE_TOLERANCE {
        return Err(Rejection::FromFuture { event, appended });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn every_code_is_listed() {
        let event = at(0);
        let all = [
            Rejection::FromFuture { event, appended: event },
            Rejection::InvalidField { detail: String::new() },
            Rejection::NotJson { detail: String::new() },
            Rejection::TooLarge { bytes: 0 },
            Rejection::TooOld { event },
        ];
        assert_eq!(all.map(|rejection| rejection.code()), Rejection::CODES);
    }

    #[test]
    fn sixty_seconds_ahead_is_accepted_and_more_is_from_the_future() {
        let appended = at(1_800_000_000);
        assert_eq!(check_time(at(1_800_000_060), appended), Ok(()));
        assert_eq!(check_time(at(1_800_000_061), appended).unwrap_err().code(), "from_future");
    }

    #[test]
    fn the_last_second_of_1999_is_too_old() {
        assert_eq!(check_time(at(946_684_800), at(1_800_000_000)), Ok(()));
        assert_eq!(check_time(at(946_684_799), at(1_800_000_000)).unwrap_err().code(), "too_old");
    }
}
