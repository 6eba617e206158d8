//! Detection of provably idle partitions, so that the wall clock may advance their watermark and a dead service is
//! noticed.

use std::time::{Duration, Instant};

use tidewatch_kafka::Ends;

/// The broker must have answered, and no record been read, for this long.
const QUIET: Duration = Duration::from_secs(2);
/// Silence of the broker from which on it counts as unreachable: it is asked once per second, so this allows for
/// delays.
const OUTAGE: Duration = Duration::from_secs(4);
/// Maximum time that producers get after an outage to flush their buffers.
const LONGEST_GRACE: Duration = Duration::from_secs(60);

/// The traffic of a partition and the answers of its broker.
#[derive(Debug)]
pub(crate) struct IdleClock {
    last_read: Instant,
    last_asked: Instant,
    /// When the client reported that every record was read; `None` once another record came.
    ended: Option<Instant>,
    /// The end offset that the broker reported after that.
    end: Option<i64>,
    grace_until: Option<Instant>,
}

impl IdleClock {
    /// Creates the clock of a partition that was assigned at `now`.
    pub(crate) fn new(now: Instant) -> Self {
        Self { last_read: now, last_asked: now, ended: None, end: None, grace_until: None }
    }

    /// Updates the clock after a record was read at `now`.
    pub(crate) fn read(&mut self, now: Instant) {
        self.last_read = now;
        self.leave_end();
    }

    /// Updates the clock after the client reported at `now` that every record was read.
    pub(crate) fn reach_end(&mut self, now: Instant) {
        self.leave_end();
        self.ended = Some(now);
    }

    /// Leaves the end: there may be more records than were read.
    pub(crate) fn leave_end(&mut self) {
        (self.ended, self.end) = (None, None);
    }

    /// Takes the broker's latest answer. The first one requested after the end was reached determines the end offset.
    pub(crate) fn hear(&mut self, ends: Ends) {
        if self.end.is_none() && self.ended.is_some_and(|ended| ends.asked >= ended) {
            self.end = Some(ends.stable);
        }
    }

    /// Returns the offset up to which everything is read. Holes before the end put it after `position`, which follows
    /// the last record.
    pub(crate) fn read_up_to(&self, position: i64) -> i64 {
        self.end.map_or(position, |end| end.max(position))
    }

    /// Returns whether the broker was asked for `ends` at least two seconds after the last record was read, so that no
    /// record was read while the answer was under way.
    pub(crate) fn is_quiet(&self, ends: Ends) -> bool {
        ends.asked.saturating_duration_since(self.last_read) >= QUIET
    }

    /// Returns whether the partition is idle at `now`: it was read to its end; the broker, asked within the last two
    /// seconds, has nothing after that; nothing was read for two seconds; and no outage is so recent that producers may
    /// still be flushing. An open transaction is after the end: its records may belong to any window.
    pub(crate) fn is_idle(&mut self, now: Instant, ends: Option<Ends>) -> bool {
        let Some(ends) = ends else { return false };
        let silence = ends.asked.saturating_duration_since(self.last_asked);
        if silence > OUTAGE {
            self.grace_until = Some(ends.asked + silence.min(LONGEST_GRACE));
        }
        self.last_asked = self.last_asked.max(ends.asked);
        let in_grace = self.grace_until.is_some_and(|until| now < until);
        !in_grace
            && self.end == Some(ends.high)
            && now.saturating_duration_since(ends.asked) <= QUIET
            && now.saturating_duration_since(self.last_read) >= QUIET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn ends(stable: i64, high: i64, asked: Instant) -> Ends {
        Ends { low: 0, stable, high, asked }
    }

    /// Returns whether the clock is idle at `now`, when the broker has just been asked.
    fn is_idle(clock: &mut IdleClock, now: Instant, stable: i64, high: i64) -> bool {
        let ends = ends(stable, high, now);
        clock.hear(ends);
        clock.is_idle(now, Some(ends))
    }

    fn at_end(start: Instant) -> IdleClock {
        let mut clock = IdleClock::new(start);
        clock.read(start);
        clock.reach_end(start);
        clock
    }

    #[test]
    fn a_partition_read_to_its_end_is_idle_after_two_quiet_seconds() {
        let start = Instant::now();
        let mut clock = at_end(start);
        assert!(!is_idle(&mut clock, start + seconds(1), 10, 10));
        assert!(is_idle(&mut clock, start + seconds(2), 10, 10));
    }

    #[test]
    fn a_backlog_an_old_answer_or_no_answer_is_not_idle() {
        let start = Instant::now();
        let mut clock = IdleClock::new(start);
        assert!(!is_idle(&mut clock, start + seconds(3), 10, 10), "the client never reported the end");
        let mut clock = at_end(start);
        assert!(!clock.is_idle(start + seconds(3), None));
        clock.hear(ends(10, 10, start));
        assert!(!clock.is_idle(start + seconds(3), Some(ends(10, 10, start))));
        assert!(!is_idle(&mut clock, start + seconds(3), 11, 11), "there are unread records");
    }

    #[test]
    fn after_another_record_or_a_pause_a_partition_is_not_at_its_end() {
        let start = Instant::now();
        for leave in [|clock: &mut IdleClock, now| clock.read(now), |clock: &mut IdleClock, _| clock.leave_end()] {
            let mut clock = at_end(start);
            assert!(is_idle(&mut clock, start + seconds(3), 10, 10));
            leave(&mut clock, start + seconds(3));
            assert!(!is_idle(&mut clock, start + seconds(6), 10, 10));
        }
    }

    #[test]
    fn an_open_transaction_is_lag_and_not_idle() {
        let start = Instant::now();
        let mut clock = at_end(start);
        assert!(!is_idle(&mut clock, start + seconds(3), 10, 15));
        assert_eq!(clock.read_up_to(10), 10);
        assert!(!is_idle(&mut clock, start + seconds(4), 16, 16), "its records and its end are not read yet");
        clock.reach_end(start + seconds(4));
        assert!(is_idle(&mut clock, start + seconds(5), 16, 16));
    }

    #[test]
    fn holes_before_the_end_are_not_lag() {
        let start = Instant::now();
        let mut clock = at_end(start);
        assert_eq!(clock.read_up_to(7), 7);
        assert!(is_idle(&mut clock, start + seconds(3), 10, 10));
        assert_eq!(clock.read_up_to(7), 10);
    }

    #[test]
    fn after_an_outage_it_waits_for_as_long_as_the_outage_up_to_a_minute() {
        for (outage, grace) in [(10, 10), (40, 40), (600, 60)] {
            let start = Instant::now();
            let mut clock = at_end(start);
            let back = start + seconds(outage);
            assert!(!is_idle(&mut clock, back, 10, 10));
            for second in 1..grace {
                let now = back + seconds(second);
                assert!(!is_idle(&mut clock, now, 10, 10), "{second} s after {outage} s");
            }
            assert!(is_idle(&mut clock, back + seconds(grace), 10, 10), "{outage} s");
        }
    }
}
