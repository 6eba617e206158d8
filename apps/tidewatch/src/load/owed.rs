//! How far the acknowledgements are behind the schedule.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// The events that are being sent or are sent, and not settled yet (acknowledged or given up), oldest first.
///
/// Brokers acknowledge in the order of each partition, not of all: the oldest event is found by counting, so it is
/// exact as soon as everything before it is settled.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// For each portion: the number of events sent with it and before it, and when its first event was due.
    portions: VecDeque<(u64, Timestamp)>,
    most: SignedDuration,
}

impl Owed {
    /// Notes a portion that is about to be sent, after which `sent` events are sent in all.
    pub(super) fn sent(&mut self, sent: u64, first_due: Timestamp) {
        self.portions.push_back((sent, first_due));
    }

    /// Returns how long ago the oldest event was due that isn't settled, if `settled` events are. `next_due` is when
    /// the next event that isn't sent is due.
    pub(super) fn behind(&mut self, now: Timestamp, settled: u64, next_due: Timestamp) -> SignedDuration {
        while self.portions.front().is_some_and(|(sent, _)| *sent <= settled) {
            self.portions.pop_front();
        }
        let oldest = self.portions.front().map_or(next_due, |(_, due)| *due);
        let behind = now.duration_since(oldest).max(SignedDuration::ZERO);
        self.most = self.most.max(behind);
        behind
    }

    /// Returns the most that it was behind.
    pub(super) fn most(&self) -> SignedDuration {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn the_oldest_event_that_is_not_acknowledged_or_not_sent_counts() {
        let seconds = SignedDuration::from_secs;
        let mut owed = Owed::default();
        assert_eq!(owed.behind(at(0), 0, at(1)), SignedDuration::ZERO, "nothing is due");
        assert_eq!(owed.behind(at(3), 0, at(1)), seconds(2), "not sent");
        owed.sent(10, at(1));
        owed.sent(20, at(4));
        assert_eq!(owed.behind(at(6), 9, at(7)), seconds(5), "one of the first portion is open");
        assert_eq!(owed.behind(at(6), 10, at(7)), seconds(2), "the second is open");
        assert_eq!(owed.behind(at(6), 20, at(7)), SignedDuration::ZERO);
        assert_eq!(owed.most(), seconds(5));
    }
}
