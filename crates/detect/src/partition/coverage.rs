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

#[cfg(test)]
mod tests {
    use super::*;

    /// Panes of 5 s.
    fn grid() -> Grid {
        Grid::new(Span::seconds(5), 12)
    }

    fn at(seconds: i64) -> Time {
        Time(seconds * 1_000)
    }

    /// Returns the first pane of the windows with reliable arrival counts. The record at offset 100 is `silence` after
    /// the newest event, which is at 1,000 s, and no processor was running until the record at `unwatched_to`.
    fn unwatched_until(unwatched_to: i64, silence: Span) -> Pane {
        let mut coverage = Coverage { unwatched_to: Offset(unwatched_to), ..Coverage::default() };
        coverage.mark_unwatched(grid(), Offset(100), Some(at(1_000)), Some(at(1_000) + silence));
        coverage.unwatched_until
    }

    #[test]
    fn a_gap_ends_with_the_pane_of_the_next_record() {
        let mut coverage = Coverage { gap: true, ..Coverage::default() };
        coverage.end_gap(grid(), at(1_003));
        assert_eq!((coverage.partial_until, coverage.gap), (Pane(201), false));
        coverage.end_gap(grid(), at(2_000));
        assert_eq!(coverage.partial_until, Pane(201), "nothing was lost before that record");
    }

    #[test]
    fn an_older_record_after_a_second_gap_does_not_shorten_the_first() {
        let mut coverage = Coverage { gap: true, ..Coverage::default() };
        coverage.end_gap(grid(), at(1_003));
        coverage.gap = true;
        coverage.end_gap(grid(), at(900));
        assert_eq!(coverage.partial_until, Pane(201));
    }

    #[test]
    fn silence_of_more_than_ten_seconds_without_a_processor_is_unwatched() {
        assert_eq!(unwatched_until(100, Span::minutes(5)), Pane(261));
        assert_eq!(unwatched_until(100, Span(10_001)), Pane(203));
        assert_eq!(unwatched_until(100, Span::seconds(10)), Pane(0), "this may be chance");
    }

    #[test]
    fn silence_while_a_processor_is_running_is_watched() {
        assert_eq!(unwatched_until(99, Span::minutes(5)), Pane(0));
        let mut coverage = Coverage { unwatched_to: Offset(100), ..Coverage::default() };
        coverage.watch();
        coverage.mark_unwatched(grid(), Offset(100), Some(at(1_000)), Some(at(1_300)));
        assert_eq!(coverage.unwatched_until, Pane(0), "the clock has advanced the partition before");
    }

    #[test]
    fn nothing_is_unwatched_before_the_first_event_or_because_of_a_time_that_is_not_credible() {
        for (newest, event_at) in [(None, Some(at(1_000))), (Some(at(1_000)), None), (None, None)] {
            let mut coverage = Coverage { unwatched_to: Offset(100), ..Coverage::default() };
            coverage.mark_unwatched(grid(), Offset(100), newest, event_at);
            assert_eq!(coverage.unwatched_until, Pane(0));
        }
    }
}
