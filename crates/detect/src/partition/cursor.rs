//! The read position of a partition, and the offset from which it is replayed after a restart.

use std::collections::VecDeque;

use crate::units::{Offset, Pane};

/// The floor when no record has to be replayed for a restored state.
const NO_FLOOR: Offset = Offset(i64::MAX);

#[derive(Debug, Clone)]
pub(super) struct Cursor {
    start: Offset,
    /// The first offset that was never processed.
    next: Offset,
    /// The next offset to read, less than `next` during a replay.
    reading: Offset,
    /// The floor of the restored state, until the replay is complete.
    restored_floor: Offset,
    /// The first offset in each pane that a coming window needs, ordered by pane.
    firsts: VecDeque<(Pane, Offset)>,
}

impl Cursor {
    pub(super) fn new(start: Offset) -> Self {
        Self { start, next: start, reading: start, restored_floor: start, firsts: VecDeque::new() }
    }

    /// Restores a cursor that replays from `floor` on.
    pub(super) fn restore(start: Offset, next: Offset, floor: Offset) -> Self {
        Self { start, next, reading: floor, restored_floor: floor, firsts: VecDeque::new() }
    }

    /// Returns the offset at which the partition's life began.
    pub(super) fn start(&self) -> Offset {
        self.start
    }

    /// Returns the first offset that was never processed.
    pub(super) fn next(&self) -> Offset {
        self.next
    }

    /// Returns the next offset to read.
    pub(super) fn reading(&self) -> Offset {
        self.reading
    }

    /// Returns whether records are being replayed.
    pub(super) fn is_behind(&self) -> bool {
        self.reading < self.next
    }

    pub(super) fn read(&mut self, offset: Offset) {
        self.reading = self.reading.max(offset + 1);
    }

    pub(super) fn take(&mut self, offset: Offset) {
        self.next = offset + 1;
    }

    /// Drops the restored floor once the replay is complete.
    pub(super) fn settle(&mut self) {
        if self.reading == self.next {
            self.drop_restored_floor();
        }
    }

    pub(super) fn drop_restored_floor(&mut self) {
        self.restored_floor = NO_FLOOR;
    }

    /// Skips to `until` over records that were deleted before they could be read, and returns how many offsets were
    /// never processed; `None` if there is nothing to skip.
    pub(super) fn skip_lost(&mut self, until: Offset) -> Option<u64> {
        if until <= self.reading {
            return None;
        }
        let lost = u64::try_from(until.0 - self.next.0).unwrap_or(0);
        self.reading = until;
        self.next = self.next.max(until);
        Some(lost)
    }

    /// Skips to `until` over offsets without a record, and returns how many were never processed.
    pub(super) fn skip_holes(&mut self, until: Offset) -> u64 {
        self.reading = self.reading.max(until);
        let holes = u64::try_from(until.0 - self.next.0).unwrap_or(0);
        self.next = self.next.max(until);
        self.settle();
        holes
    }

    /// Returns the oldest offset that a coming window still needs, or the next offset if there is none.
    pub(super) fn floor(&self) -> Offset {
        let oldest = self.firsts.iter().map(|&(_, offset)| offset).min().unwrap_or(self.next);
        // Until the replay is complete, `firsts` is incomplete.
        oldest.min(self.restored_floor).min(self.next)
    }

    /// Stores `offset` if it is the first one in its pane.
    pub(super) fn keep_first(&mut self, pane: Pane, offset: Offset) {
        let mut at = self.firsts.len();
        while at > 0 && self.firsts[at - 1].0 > pane {
            at -= 1;
        }
        if at == 0 || self.firsts[at - 1].0 != pane {
            self.firsts.insert(at, (pane, offset));
        }
    }

    pub(super) fn forget_firsts_before(&mut self, pane: Pane) {
        while self.firsts.front().is_some_and(|&(first, _)| first < pane) {
            self.firsts.pop_front();
        }
    }
}
