//! A rate limit: the generic cell rate algorithm (ITU-T I.371), which needs one point in time as its state.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// As many requests as are allowed in this time may come at once.
const BURST: Duration = Duration::from_secs(1);

/// A number of requests per second.
#[derive(Debug)]
pub(crate) struct Rate {
    interval: Duration,
    /// When the requests so far would have come at regular intervals.
    due: Mutex<Instant>,
}

impl Rate {
    pub(crate) fn per_second(requests: NonZeroU32, now: Instant) -> Self {
        Self { interval: BURST / requests.get(), due: Mutex::new(now) }
    }

    /// Takes a request, or returns how long to wait before there is room for one.
    pub(crate) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let next = now.max(*due) + self.interval;
        let ahead = next - now;
        if ahead > BURST {
            return Err(ahead - BURST);
        }
        *due = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_requests_may_come_at_once_and_then_they_come_at_the_rate() {
        let start = Instant::now();
        let rate = Rate::per_second(NonZeroU32::new(4).unwrap(), start);
        let taken = |millis| rate.take(start + Duration::from_millis(millis));
        assert_eq!([0; 5].map(taken).map(|taken| taken.is_ok()), [true, true, true, true, false]);
        assert_eq!(taken(100), Err(Duration::from_millis(150)));
        assert_eq!([250, 251].map(taken).map(|taken| taken.is_ok()), [true, false]);
        assert_eq!([9_000; 5].map(taken).map(|taken| taken.is_ok()), [true, true, true, true, false]);
    }
}
