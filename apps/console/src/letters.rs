//! The dead letters in `metrics.raw.dlq`: how many there are, from which services, and why.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::signals::{HISTORY_SECONDS, clip};

/// Number of dead letters shown with their reason.
pub const SHOWN: usize = 8;
/// Maximum number of keys counted per second; further keys count only towards the total.
const MAX_KEYS: usize = 50;

/// A dead letter.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// When it was written to the DLQ.
    pub at: Timestamp,
    /// Why the record was rejected, such as `not_json`.
    pub reason: String,
    /// The record's key: the service, if the producer set one.
    pub key: String,
    /// Partition and offset of the original, as `metrics.raw:3@1234`.
    pub origin: String,
}

/// The contents of the DLQ.
#[derive(Default)]
pub struct DeadLetters {
    ends: BTreeMap<i32, (i64, i64)>,
    last: VecDeque<DeadLetter>,
    by_key: BTreeMap<String, BTreeMap<i64, u32>>,
}

impl DeadLetters {
    /// Updates the oldest and next offset of each partition, as reported by the broker.
    pub fn set_ends(&mut self, ends: BTreeMap<i32, (i64, i64)>) {
        for (partition, (low, high)) in ends {
            let known = self.ends.entry(partition).or_default();
            *known = (low, known.1.max(high));
        }
    }

    /// Adds a dead letter, read at `partition` and `offset` of the DLQ.
    pub fn record(&mut self, partition: i32, offset: i64, letter: DeadLetter) {
        let (low, high) = self.ends.entry(partition).or_insert((offset, offset));
        (*low, *high) = ((*low).min(offset), (*high).max(offset + 1));
        let second = letter.at.as_second();
        if self.by_key.len() < MAX_KEYS || self.by_key.contains_key(&letter.key) {
            *self.by_key.entry(clip(&letter.key, 80)).or_default().entry(second).or_default() += 1;
        }
        // Three partitions are read concurrently, so sort by time, newest first.
        let place = self.last.partition_point(|other| other.at > letter.at);
        self.last.insert(place, letter);
        self.last.truncate(SHOWN);
    }

    /// Drops the counts of seconds that are older than the history.
    pub fn forget_old(&mut self, now: i64) {
        for seconds in self.by_key.values_mut() {
            *seconds = seconds.split_off(&(now - HISTORY_SECONDS));
        }
        self.by_key.retain(|_, seconds| !seconds.is_empty());
    }

    /// Returns the number of dead letters in the topic; `None` while no offsets are known.
    pub fn held(&self) -> Option<i64> {
        (!self.ends.is_empty()).then(|| self.ends.values().map(|(low, high)| high - low).sum())
    }

    /// Returns the latest dead letters, newest first.
    pub fn last(&self) -> impl Iterator<Item = &DeadLetter> {
        self.last.iter()
    }

    /// Returns the counts of dead letters with a key, each with its second since the epoch.
    pub fn of_key(&self, key: &str) -> impl Iterator<Item = (i64, u32)> {
        self.by_key.get(key).into_iter().flatten().map(|(second, count)| (*second, *count))
    }

    /// Returns the number of dead letters in the last `seconds` before `now`.
    pub fn recent(&self, now: i64, seconds: i64) -> u32 {
        self.by_key.values().flat_map(|counts| counts.range(now - seconds..=now)).map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::at;

    fn letter(second: i64, key: &str) -> DeadLetter {
        DeadLetter { at: at(second), reason: "not_json".into(), key: key.into(), origin: "metrics.raw:1@2".into() }
    }

    #[test]
    fn held_counts_what_retention_left_and_what_arrived_since() {
        let mut letters = DeadLetters::default();
        assert_eq!(letters.held(), None);
        letters.set_ends([(0, (5, 8)), (1, (0, 0))].into());
        assert_eq!(letters.held(), Some(3));
        letters.record(0, 7, letter(1, "a"));
        assert_eq!(letters.held(), Some(3), "offset 7 was below the end already");
        letters.record(1, 0, letter(2, "a"));
        assert_eq!(letters.held(), Some(4));
    }

    #[test]
    fn the_latest_dead_letters_are_ordered_by_time_and_bounded() {
        let mut letters = DeadLetters::default();
        for second in [5, 3, 9, 1, 2, 4, 6, 7, 8, 10, 11, 12, 13, 14, 15] {
            letters.record((second % 3) as i32, second, letter(second, "a"));
        }
        let times: Vec<i64> = letters.last().map(|letter| letter.at.as_second()).collect();
        assert_eq!(times, (8..=15).rev().collect::<Vec<_>>());
    }

    #[test]
    fn counts_by_key_are_dropped_with_the_history() {
        let mut letters = DeadLetters::default();
        letters.record(0, 0, letter(100, "a"));
        letters.record(0, 1, letter(100, "a"));
        letters.record(0, 2, letter(650, "b"));
        assert_eq!(letters.of_key("a").collect::<Vec<_>>(), [(100, 2)]);
        assert_eq!(letters.recent(651, 10), 1);
        letters.forget_old(701);
        assert_eq!(letters.of_key("a").count(), 0);
        assert_eq!(letters.of_key("b").count(), 1);
    }
}
