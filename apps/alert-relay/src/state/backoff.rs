//! Exponential back-off with jitter.
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
/// Longest pause, and so the longest time until a receiver that works again is sent to.
const LONGEST: Duration = Duration::from_secs(10);

/// Draws the pauses between attempts.
#[derive(Debug)]
pub(crate) struct Backoff(SmallRng);

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// Returns the pause after this many consecutive failures (at least one): it doubles from 0.5 s up to 10 s, and is
    /// then shortened at random by up to half, so that senders that failed together don't retry together.
    pub(crate) fn pause(&mut self, failures: u32) -> Duration {
        let full = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST);
        full.mul_f64(self.0.random_range(0.5..1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_seconds_and_differ() {
        let mut backoff = Backoff::new(1);
        for (failures, full) in [(1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (6, 10.0), (40, 10.0), (u32::MAX, 10.0)] {
            let pauses: Vec<_> = (0..50).map(|_| backoff.pause(failures).as_secs_f64()).collect();
            assert!(pauses.iter().all(|pause| (full / 2.0..=full).contains(pause)), "{failures}: {pauses:?}");
            assert!(pauses.iter().any(|pause| (pause - pauses[0]).abs() > full / 10.0));
        }
    }
}
