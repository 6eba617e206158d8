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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what a caller sees: the next offset to read, the first one never processed, and the floor.
    fn standing(cursor: &Cursor) -> (i64, i64, i64) {
        (cursor.reading().0, cursor.next().0, cursor.floor().0)
    }

    /// Reads and processes a record for the first time, and counts it in `pane`.
    fn process(cursor: &mut Cursor, offset: i64, pane: i64) {
        cursor.read(Offset(offset));
        cursor.drop_restored_floor();
        cursor.take(Offset(offset));
        cursor.keep_first(Pane(pane), Offset(offset));
    }

    /// Reads the records in `offsets` again, and counts each in the pane of the same number.
    fn replay(cursor: &mut Cursor, offsets: std::ops::Range<i64>) {
        for offset in offsets {
            cursor.read(Offset(offset));
            cursor.settle();
            cursor.keep_first(Pane(offset), Offset(offset));
        }
    }

    #[test]
    fn a_new_cursor_waits_for_the_first_record_at_its_start() {
        let cursor = Cursor::new(Offset(7));
        assert_eq!(standing(&cursor), (7, 7, 7));
        assert!(!cursor.is_behind());
    }

    #[test]
    fn the_floor_is_the_oldest_offset_in_any_pane_that_a_coming_window_needs() {
        let mut cursor = Cursor::new(Offset(0));
        for (offset, pane) in [(0, 20), (1, 21), (2, 20), (3, 19), (4, 23)] {
            process(&mut cursor, offset, pane);
        }
        assert_eq!(cursor.firsts.len(), 4, "one offset per pane");
        let floor_from = |pane| {
            let mut cursor = cursor.clone();
            cursor.forget_firsts_before(Pane(pane));
            cursor.floor().0
        };
        assert_eq!([19, 20, 21, 22, 23].map(floor_from), [0, 0, 1, 4, 4], "the late record 3 is in the oldest pane");
        assert_eq!(floor_from(24), 5, "no pane is needed, so the next record is the first one needed");
    }

    #[test]
    fn a_restored_cursor_keeps_its_floor_until_everything_is_read_again() {
        let mut cursor = Cursor::restore(Offset(0), Offset(10), Offset(4));
        assert_eq!(standing(&cursor), (4, 10, 4));
        replay(&mut cursor, 4..9);
        cursor.forget_firsts_before(Pane(8));
        assert_eq!(standing(&cursor), (9, 10, 4));
        assert!(cursor.is_behind());
        replay(&mut cursor, 9..10);
        assert_eq!(standing(&cursor), (10, 10, 8));
        assert!(!cursor.is_behind());
    }

    #[test]
    fn a_record_beyond_the_replay_ends_it() {
        let mut cursor = Cursor::restore(Offset(0), Offset(10), Offset(4));
        process(&mut cursor, 12, 12);
        assert_eq!(standing(&cursor), (13, 13, 12));
        assert!(!cursor.is_behind());
    }

    #[test]
    fn reading_an_earlier_offset_again_moves_nothing_back() {
        let mut cursor = Cursor::new(Offset(0));
        (0..5).for_each(|offset| process(&mut cursor, offset, offset));
        cursor.read(Offset(2));
        assert_eq!(standing(&cursor), (5, 5, 0));
    }

    #[test]
    fn holes_count_only_where_nothing_was_processed_before() {
        let mut cursor = Cursor::restore(Offset(0), Offset(10), Offset(4));
        assert_eq!(cursor.skip_holes(Offset(6)), 0, "holes that the restored state covers");
        assert_eq!(standing(&cursor), (6, 10, 4));
        assert_eq!(cursor.skip_holes(Offset(5)), 0, "holes that are already behind");
        assert_eq!(standing(&cursor), (6, 10, 4));
        assert_eq!(cursor.skip_holes(Offset(13)), 3);
        assert_eq!(standing(&cursor), (13, 13, 13), "holes up to the end complete the replay");
    }

    #[test]
    fn lost_records_count_only_where_nothing_was_processed_before() {
        let mut cursor = Cursor::restore(Offset(0), Offset(10), Offset(4));
        assert_eq!(cursor.skip_lost(Offset(4)), None, "nothing is missing before the next record");
        assert_eq!(cursor.skip_lost(Offset(7)), Some(0), "a lost record that was processed before");
        assert_eq!(standing(&cursor), (7, 10, 4));
        assert_eq!(cursor.skip_lost(Offset(15)), Some(5));
        assert_eq!((cursor.reading(), cursor.next()), (Offset(15), Offset(15)));
        process(&mut cursor, 15, 15);
        assert_eq!(standing(&cursor), (16, 16, 15));
    }

    #[test]
    fn a_recreated_input_is_read_from_its_first_offset_without_a_replay() {
        let mut cursor = Cursor::restore(Offset(0), Offset(0), Offset(0));
        assert!(!cursor.is_behind());
        (0..2).for_each(|offset| process(&mut cursor, offset, offset));
        assert_eq!((cursor.start(), standing(&cursor)), (Offset(0), (2, 2, 0)));
    }
}
