//! The grid of panes and windows on the time axis.

use crate::units::{Pane, Span, Time, Window};

/// Panes of one hop since the epoch, and windows of several of them. Pane `p` covers `[p * hop, (p + 1) * hop)`;
/// window `w` ends at `w * hop` and consists of the panes `w - panes` to `w - 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    hop: Span,
    panes: i64,
}

impl Grid {
    pub(crate) fn new(hop: Span, panes: i64) -> Self {
        Self { hop, panes }
    }

    /// Returns the time between the ends of two windows.
    pub(crate) fn hop(self) -> Span {
        self.hop
    }

    /// Returns the length of a window.
    pub(crate) fn window(self) -> Span {
        Span(self.hop.0 * self.panes)
    }

    /// Returns the number of panes per window.
    pub(crate) fn panes(self) -> i64 {
        self.panes
    }

    pub(crate) fn pane_of(self, time: Time) -> Pane {
        Pane(time.0.div_euclid(self.hop.0))
    }

    /// Returns the first pane that begins at or after `time`.
    pub(crate) fn pane_from(self, time: Time) -> Pane {
        Pane(-(-time.0).div_euclid(self.hop.0))
    }

    /// Returns the last window that ends at or before `time`.
    pub(crate) fn window_until(self, time: Time) -> Window {
        Window(time.0.div_euclid(self.hop.0))
    }

    /// Returns the first window that ends at or after `time`.
    pub(crate) fn window_from(self, time: Time) -> Window {
        Window(-(-time.0).div_euclid(self.hop.0))
    }

    pub(crate) fn start(self, pane: Pane) -> Time {
        Time(pane.0 * self.hop.0)
    }

    pub(crate) fn end(self, window: Window) -> Time {
        Time(window.0 * self.hop.0)
    }

    /// Returns the first pane of a window.
    pub(crate) fn first_pane(self, window: Window) -> Pane {
        window.next_pane() - self.panes
    }

    /// Returns the number of hops that a duration spans, rounded up.
    pub(crate) fn hops(self, duration: Span) -> i64 {
        duration.0.div_euclid(self.hop.0) + i64::from(duration.0.rem_euclid(self.hop.0) != 0)
    }
}
