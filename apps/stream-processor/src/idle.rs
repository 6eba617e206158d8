//! When a partition is provably idle, so that the wall clock may move its watermark and a dead service is noticed.

use std::time::{Duration, Instant};

use tidewatch_kafka::Ends;

/// The broker must have spoken, and nothing been read, for this long.
const QUIET: Duration = Duration::from_secs(2);
/// Silence of the broker from which on it counts as out of reach: a question a second, and some patience.
const OUTAGE: Duration = Duration::from_secs(4);
/// After an outage producers get at most this long to flush what they kept.
const LONGEST_GRACE: Duration = Duration::from_secs(60);

/// What is known about a partition's traffic and its broker.
#[derive(Debug)]
pub(crate) struct IdleClock {
    last_read: Instant,
    last_answer: Instant,
    grace_until: Option<Instant>,
}

impl IdleClock {
    /// A partition that was assigned at `now`.
    pub(crate) fn new(now: Instant) -> Self {
        Self { last_read: now, last_answer: now, grace_until: None }
    }

    /// A record was read at `now`.
    pub(crate) fn read(&mut self, now: Instant) {
        self.last_read = now;
    }

    /// Whether nothing was read for two seconds although the broker was asked after that: so `ends` was not overtaken by
    /// what was read while it was on its way.
    pub(crate) fn is_quiet(&self, ends: Ends) -> bool {
        ends.answered.saturating_duration_since(self.last_read) >= QUIET
    }

    /// Whether the partition is idle at `now`: read to the end that the broker named within the last two seconds,
    /// nothing read for two seconds, and no outage so recent that producers may still be flushing.
    pub(crate) fn is_idle(&mut self, now: Instant, position: i64, ends: Option<Ends>) -> bool {
        let Some(ends) = ends else { return false };
        let silence = ends.answered.saturating_duration_since(self.last_answer);
        if silence > OUTAGE {
            self.grace_until = Some(ends.answered + silence.min(LONGEST_GRACE));
        }
        self.last_answer = self.last_answer.max(ends.answered);
        let in_grace = self.grace_until.is_some_and(|until| now < until);
        !in_grace
            && ends.high == position
            && now.saturating_duration_since(ends.answered) <= QUIET
            && now.saturating_duration_since(self.last_read) >= QUIET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn ends(high: i64, answered: Instant) -> Option<Ends> {
        Some(Ends { low: 0, high, answered })
    }

    #[test]
    fn a_partition_read_to_its_end_is_idle_after_two_quiet_seconds() {
        let start = Instant::now();
        let mut clock = IdleClock::new(start);
        clock.read(start + seconds(1));
        assert!(!clock.is_idle(start + seconds(2), 10, ends(10, start + seconds(2))));
        assert!(clock.is_idle(start + seconds(3), 10, ends(10, start + seconds(3))));
    }

    #[test]
    fn a_backlog_and_an_old_answer_and_no_answer_are_not_idle() {
        let start = Instant::now();
        let mut clock = IdleClock::new(start);
        assert!(!clock.is_idle(start + seconds(3), 9, ends(10, start + seconds(3))));
        assert!(!clock.is_idle(start + seconds(3), 10, ends(10, start)));
        assert!(!clock.is_idle(start + seconds(3), 10, None));
    }

    #[test]
    fn after_an_outage_it_waits_as_long_again_and_at_most_a_minute() {
        for (outage, grace) in [(10, 10), (40, 40), (600, 60)] {
            let start = Instant::now();
            let mut clock = IdleClock::new(start);
            let back = start + seconds(outage);
            assert!(!clock.is_idle(back, 10, ends(10, back)));
            for second in 1..grace {
                let now = back + seconds(second);
                assert!(!clock.is_idle(now, 10, ends(10, now)), "{second} s after {outage} s");
            }
            let over = back + seconds(grace);
            assert!(clock.is_idle(over, 10, ends(10, over)), "{outage} s");
        }
    }
}
