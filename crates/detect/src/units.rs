//! Units that must not be mixed up. Each is serialised as a plain number.

use std::ops::{Add, AddAssign, Sub};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Declares a number type with its own meaning, and the step type that can be added to it.
macro_rules! unit {
    ($(#[$doc:meta])* $name:ident by $step:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub(crate) struct $name(pub(crate) i64);

        impl Add<$step> for $name {
            type Output = Self;

            fn add(self, step: $step) -> Self {
                Self(self.0 + i64::from(step))
            }
        }

        impl Sub<$step> for $name {
            type Output = Self;

            fn sub(self, step: $step) -> Self {
                Self(self.0 - i64::from(step))
            }
        }

        impl AddAssign<$step> for $name {
            fn add_assign(&mut self, step: $step) {
                *self = *self + step;
            }
        }
    };
}

unit! {
    /// One hop of time, numbered from the epoch. Pane `p` covers `[p * hop, (p + 1) * hop)`.
    Pane by i64
}
unit! {
    /// A window of several panes, numbered from the epoch. Window `w` ends at `w * hop`.
    Window by i64
}
unit! {
    /// An offset of the input partition.
    Offset by i64
}
unit! {
    /// A point in time, in milliseconds since the epoch.
    Time by Span
}
unit! {
    /// A duration in milliseconds.
    Span by Span
}

impl Sub for Pane {
    type Output = i64;

    /// Returns the number of hops between two panes.
    fn sub(self, other: Self) -> i64 {
        self.0 - other.0
    }
}

impl Sub for Window {
    type Output = i64;

    /// Returns the number of hops between the ends of two windows.
    fn sub(self, other: Self) -> i64 {
        self.0 - other.0
    }
}

impl Sub for Time {
    type Output = Span;

    fn sub(self, other: Self) -> Span {
        Span(self.0 - other.0)
    }
}

impl From<Span> for i64 {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl Window {
    /// Returns the first pane after the window.
    pub(crate) fn next_pane(self) -> Pane {
        Pane(self.0)
    }

    /// Returns the last pane of the window.
    pub(crate) fn last_pane(self) -> Pane {
        Pane(self.0 - 1)
    }
}

impl Pane {
    /// Returns the window that ends where the pane begins, the inverse of [`Window::next_pane`].
    pub(crate) fn window_before(self) -> Window {
        Window(self.0)
    }
}

impl Span {
    pub(crate) const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000)
    }

    pub(crate) const fn minutes(minutes: i64) -> Self {
        Self::seconds(60 * minutes)
    }

    pub(crate) const fn hours(hours: i64) -> Self {
        Self::minutes(60 * hours)
    }

    /// Returns the absolute duration.
    pub(crate) fn abs(self) -> Self {
        Self(self.0.abs())
    }
}

impl Time {
    /// Converts to whole milliseconds. Window bounds are whole milliseconds, so truncating doesn't change a verdict. A
    /// time before the epoch becomes the epoch: no valid event is that old.
    pub(crate) fn of(timestamp: Timestamp) -> Self {
        Self(timestamp.as_millisecond().max(0))
    }

    /// Converts to a timestamp, clamped to the range of [`Timestamp`].
    pub(crate) fn timestamp(self) -> Timestamp {
        let nearest = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_millisecond(self.0).unwrap_or(nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_serialised_as_their_numbers() {
        let units = (Pane(1), Window(2), Offset(3), Time(4), Span(5));
        let json = serde_json::to_string(&units).unwrap();
        assert_eq!(json, "[1,2,3,4,5]");
        assert_eq!(serde_json::from_str::<(Pane, Window, Offset, Time, Span)>(&json).unwrap(), units);
    }

    #[test]
    fn times_before_the_epoch_or_beyond_all_timestamps_become_the_nearest_timestamp() {
        assert_eq!(Time::of(Timestamp::from_second(-5).unwrap()), Time(0));
        assert_eq!(Time(i64::MAX).timestamp(), Timestamp::MAX);
        assert_eq!(Time(i64::MIN).timestamp(), Timestamp::MIN);
    }
}
