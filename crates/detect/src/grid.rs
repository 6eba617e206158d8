//! The grid of panes and windows on the time axis.

use jiff::Timestamp;

/// Panes of one hop since the epoch, and windows of several of them. Pane `p` covers `[p * hop, (p + 1) * hop)`;
/// window `w` ends at `w * hop` and consists of the panes `w - panes` to `w - 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    hop_ms: i64,
    panes: i64,
}

impl Grid {
    pub(crate) fn new(hop_ms: i64, panes: i64) -> Self {
        Self { hop_ms, panes }
    }

    pub(crate) fn hop_ms(self) -> i64 {
        self.hop_ms
    }

    pub(crate) fn window_ms(self) -> i64 {
        self.hop_ms * self.panes
    }

    /// Panes in a window.
    pub(crate) fn panes(self) -> i64 {
        self.panes
    }

    pub(crate) fn pane_of(self, ms: i64) -> i64 {
        ms.div_euclid(self.hop_ms)
    }

    /// The last window that ends at or before `ms`.
    pub(crate) fn window_until(self, ms: i64) -> i64 {
        ms.div_euclid(self.hop_ms)
    }

    /// The first window that ends at or after `ms`.
    pub(crate) fn window_from(self, ms: i64) -> i64 {
        -(-ms).div_euclid(self.hop_ms)
    }

    pub(crate) fn end_ms(self, window: i64) -> i64 {
        window * self.hop_ms
    }

    /// The first pane of a window.
    pub(crate) fn first_pane(self, window: i64) -> i64 {
        window - self.panes
    }

    /// How many hops a duration takes, rounded up.
    pub(crate) fn hops(self, duration_ms: i64) -> i64 {
        duration_ms.div_euclid(self.hop_ms) + i64::from(duration_ms.rem_euclid(self.hop_ms) != 0)
    }
}

/// Milliseconds since the epoch. Window bounds are whole milliseconds, so nothing is decided differently for the digits
/// that are cut off. Before the epoch is the epoch: no valid event is that old.
pub(crate) fn to_ms(time: Timestamp) -> i64 {
    time.as_millisecond().max(0)
}

pub(crate) fn to_timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
