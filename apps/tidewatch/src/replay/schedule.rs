//! Decides when each event of a log is sent: as far apart as they were logged, divided by the speed.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::log_clock::Position;

/// Sending times, computed from positions in the log.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Seconds of log per second.
    speed: f64,
    /// The longest pause, in log time.
    max_gap: Option<SignedDuration>,
    /// The furthest event sent, and the time at which it was due.
    last: Option<(Position, Instant)>,
}

impl Schedule {
    /// Returns a schedule that starts with the first event sent.
    pub(super) fn new(speed: f64, max_gap: Option<SignedDuration>) -> Self {
        Self { speed, max_gap, last: None }
    }

    /// Returns whether long pauses are cut.
    pub(super) fn cuts_pauses(&self) -> bool {
        self.max_gap.is_some()
    }

    /// Returns when to send the event at this position: as long after the last one was due as the log says. An event
    /// that should have been sent already, and the first of a new stretch, is due at once. `None` if nothing was sent
    /// yet.
    ///
    /// The time is counted from when the last event was due rather than from when it was sent, so delays don't add up.
    pub(super) fn due(&self, position: Position) -> Option<Instant> {
        let (last, was_due) = self.last?;
        if position.stretch != last.stretch {
            return Some(was_due);
        }
        let gap = (position.at - last.at).max(SignedDuration::ZERO);
        let gap = self.max_gap.map_or(gap, |longest| gap.min(longest));
        // Beyond the range of the clock is as good as never.
        let wait = Duration::try_from_secs_f64(gap.as_secs_f64() / self.speed).unwrap_or(Duration::MAX);
        Some(was_due.checked_add(wait).unwrap_or_else(|| was_due + Duration::from_secs(1 << 32)))
    }

    /// Records that the event at this position is sent `now`.
    pub(super) fn sent(&mut self, position: Position, now: Instant) {
        let due = self.due(position).unwrap_or(now);
        if self.last.is_none_or(|(last, _)| position > last) {
            self.last = Some((position, due));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Position {
        Position { stretch: 0, at: SignedDuration::from_secs(second) }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn log_time_passes_faster_by_the_speed_however_late_an_event_was_sent() {
        let start = Instant::now();
        let mut schedule = Schedule::new(60.0, None);
        assert_eq!(schedule.due(at(1000)), None);
        schedule.sent(at(1000), start);
        assert_eq!(schedule.due(at(1120)), Some(start + seconds(2)));
        schedule.sent(at(1120), start + seconds(5));
        assert_eq!(schedule.due(at(1240)), Some(start + seconds(4)));
    }

    #[test]
    fn late_events_and_new_stretches_are_due_at_once_without_affecting_the_rest() {
        let start = Instant::now();
        let mut schedule = Schedule::new(1.0, None);
        schedule.sent(at(1000), start);
        assert_eq!(schedule.due(at(940)), Some(start), "behind");
        schedule.sent(at(940), start);
        assert_eq!(schedule.due(at(1001)), Some(start + seconds(1)));
        for (stretch, second) in [(1, -70_000), (2, 70_000)] {
            let turned = Position { stretch, ..at(second) };
            assert_eq!(schedule.due(turned), Some(start), "{second}");
            schedule.sent(turned, start);
            assert_eq!(schedule.due(Position { stretch, ..at(second + 2) }), Some(start + seconds(2)), "{second}");
        }
    }

    #[test]
    fn a_pause_is_at_most_the_longest_allowed_in_log_time() {
        let start = Instant::now();
        let mut schedule = Schedule::new(2.0, Some(SignedDuration::from_secs(10)));
        schedule.sent(at(0), start);
        assert_eq!(schedule.due(at(10)), Some(start + seconds(5)));
        assert_eq!(schedule.due(at(3600)), Some(start + seconds(5)));
        schedule.sent(at(3600), start + seconds(5));
        assert_eq!(schedule.due(at(3602)), Some(start + seconds(6)));
    }

    #[test]
    fn a_gap_beyond_the_clock_is_far_away_and_does_not_panic() {
        let now = Instant::now();
        let mut schedule = Schedule::new(1e-9, None);
        schedule.sent(at(0), now);
        assert!(schedule.due(at(86_400)).unwrap() > now + seconds(1 << 31));
    }
}
