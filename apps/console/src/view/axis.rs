//! The one time axis of all charts: as short as what is known, so that the first minutes fill it too.

use crate::signals::HISTORY_SECONDS;

/// A stretch of time that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    /// Its length in seconds.
    pub(super) seconds: i64,
    /// Seconds between its lines.
    pub(super) line: i64,
    /// Seconds between its labels.
    pub(super) label: i64,
}

const AXES: [Axis; 3] = [
    Axis { seconds: 120, line: 15, label: 30 },
    Axis { seconds: 300, line: 30, label: 60 },
    Axis { seconds: HISTORY_SECONDS, line: 60, label: 120 },
];

impl Axis {
    /// The shortest that holds what is `age` seconds old, or the longest.
    pub(super) fn holding(age: i64) -> Self {
        AXES.into_iter().find(|axis| axis.seconds >= age).unwrap_or(AXES[AXES.len() - 1])
    }

    /// Its length in words.
    pub(super) fn name(self) -> String {
        format!("{} minutes", self.seconds / 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_grows_with_what_is_known() {
        let lengths = [0, 120, 121, 300, 301, 9_999].map(|age| Axis::holding(age).seconds);
        assert_eq!(lengths, [120, 120, 300, 300, 600, 600]);
    }
}
