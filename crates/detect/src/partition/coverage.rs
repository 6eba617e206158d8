//! The windows that are missing records, and those without a running processor.

use crate::grid::Grid;
use crate::units::{Offset, Pane, Span, Time};

/// The shortest gap between records after a restart that is too long to be chance.
const UNWATCHED: Span = Span::seconds(10);

#[derive(Debug, Clone)]
pub(super) struct Coverage {
    /// Windows that begin before this pane are missing records.
    pub(super) partial_until: Pane,
    /// Windows that begin before this pane lie in a time without a running processor and without events.
    pub(super) unwatched_until: Pane,
    /// No processor was running until the record at this offset.
    pub(super) unwatched_to: Offset,
    /// Whether records were lost just before the next one.
    pub(super) gap: bool,
}

impl Default for Coverage {
    fn default() -> Self {
        let (partial_until, unwatched_until) = (Pane(0), Pane(0));
        Self { partial_until, unwatched_until, unwatched_to: Offset(i64::MIN), gap: false }
    }
}

impl Coverage {
    /// Ends the time without a running processor: from here on, the clock advances the partition.
    pub(super) fn watch(&mut self) {
        self.unwatched_to = Offset(i64::MIN);
    }

    /// Marks the windows before a record that comes long after the last one before it, if no processor was running
    /// meanwhile.
    pub(super) fn mark_unwatched(&mut self, grid: Grid, offset: Offset, newest: Option<Time>, event_at: Option<Time>) {
        if offset <= self.unwatched_to
            && let (Some(newest), Some(event_at)) = (newest, event_at)
            && event_at - newest > UNWATCHED
        {
            self.unwatched_until = grid.pane_of(event_at) + 1;
        }
    }

    /// Marks the windows that may be missing a record, if any were lost.
    pub(super) fn end_gap(&mut self, grid: Grid, until: Time) {
        if std::mem::take(&mut self.gap) {
            self.partial_until = self.partial_until.max(grid.pane_of(until) + 1);
        }
    }
}
