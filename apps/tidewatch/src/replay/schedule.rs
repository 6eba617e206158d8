//! When each event of a log is sent: as far apart as it was logged, divided by the speed.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Times of sending, from times in the log.
#[derive(Debug)]
pub(super) struct Schedule {
    /// How many seconds of the log pass in one; none sends each event at once.
    speed: Option<f64>,
    began: Option<(Timestamp, Instant)>,
}

impl Schedule {
    /// The schedule begins with the first event it is asked about.
    pub(super) fn new(speed: Option<f64>) -> Self {
        Self { speed, began: None }
    }

    /// When to send the event that was logged `at`: start + (t - t_first) / speed. One that is out of order by more than
    /// was sorted is due at once.
    pub(super) fn due(&mut self, at: Timestamp, now: Instant) -> Instant {
        let Some(speed) = self.speed else { return now };
        let (first, start) = *self.began.get_or_insert((at, now));
        let seconds = at.duration_since(first).as_secs_f64() / speed;
        // Further than the clock reaches is as good as never.
        let wait = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
        start.checked_add(wait).unwrap_or_else(|| start + Duration::from_secs(1 << 32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn log_time_passes_faster_by_the_speed() {
        let start = Instant::now();
        let mut schedule = Schedule::new(Some(60.0));
        assert_eq!(schedule.due(at(1000), start), start);
        assert_eq!(schedule.due(at(1120), start), start + Duration::from_secs(2));
        assert_eq!(schedule.due(at(940), start), start, "before the first");
    }

    #[test]
    fn without_a_speed_everything_is_due_as_it_comes() {
        let now = Instant::now();
        let mut schedule = Schedule::new(None);
        assert_eq!((schedule.due(at(0), now), schedule.due(at(9999), now)), (now, now));
    }

    #[test]
    fn a_gap_of_centuries_is_far_away_and_no_panic() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Some(1e-9));
        schedule.due(Timestamp::MIN, now);
        assert!(schedule.due(Timestamp::MAX, now) > now + Duration::from_secs(1 << 31));
    }
}
