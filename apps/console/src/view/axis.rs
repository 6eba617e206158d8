//! The time axis shared by all charts: only as long as the known history needs, so that the first minutes fill it too.

use crate::signals::HISTORY_SECONDS;

/// A time span that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    /// Length in seconds.
    pub(super) seconds: i64,
    /// Seconds between grid lines.
    pub(super) line: i64,
    /// Seconds between labels.
    pub(super) label: i64,
}

const AXES: [Axis; 3] = [
    Axis { seconds: 120, line: 15, label: 30 },
    Axis { seconds: 300, line: 30, label: 60 },
    Axis { seconds: HISTORY_SECONDS, line: 60, label: 120 },
];

impl Axis {
    /// Returns the shortest axis that covers `age` seconds, or else the longest one.
    pub(super) fn holding(age: i64) -> Self {
        AXES.into_iter().find(|axis| axis.seconds >= age).unwrap_or(AXES[AXES.len() - 1])
    }

    /// Returns the length in words.
    pub(super) fn name(self) -> String {
        format!("{} minutes", self.seconds / 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_grows_with_the_known_history() {
        let lengths = [0, 120, 121, 300, 301, 9_999].map(|age| Axis::holding(age).seconds);
        assert_eq!(lengths, [120, 120, 300, 300, 600, 600]);
    }
}
