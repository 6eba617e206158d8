//! When a new series shows its count: after every scraper has seen it at 0, and for good from then on.
//!
//! Prometheus computes no increase from a series' first sample, so the count that a new series appears with would be
//! lost. The bridge keeps no state per scraper, since there may be any number of them. Instead it shows a new series as
//! 0 to all of them for longer than the longest scrape interval, and then with its count. After a restart it must not
//! show 0 again where it has shown a count, which would look like a reset. So it shows the count only once a checkpoint
//! that says so is acknowledged: after a restart, a series is either known to be released or was never seen above 0.

use std::time::{Duration, Instant};

/// The stage of a series between unseen and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposure {
    /// Nobody can scrape it yet: the bridge is still catching up.
    Unseen,
    /// Shown as 0 since this time.
    Held(Instant),
    /// Waits only for a checkpoint, not for scrapes at 0: the series is older than the bridge.
    Due,
    /// To be released by the next acknowledged checkpoint.
    Releasing,
    /// Shown with its count.
    Released,
}

impl Exposure {
    /// Restores the stage from the `released` of a checkpoint.
    pub(crate) fn restored(released: bool) -> Self {
        if released { Self::Released } else { Self::Unseen }
    }

    pub(crate) fn is_released(self) -> bool {
        self == Self::Released
    }

    /// Starts holding an unseen series at 0, since scrapes are answered from `now` on.
    pub(crate) fn open(&mut self, now: Instant) {
        if *self == Self::Unseen {
            *self = Self::Held(now);
        }
    }

    /// Returns whether a checkpoint made at `now` releases the series, or an earlier one has.
    pub(crate) fn releases(self, now: Instant, hold: Duration) -> bool {
        match self {
            Self::Unseen => false,
            Self::Held(since) => now.duration_since(since) >= hold,
            Self::Due | Self::Releasing | Self::Released => true,
        }
    }

    /// Prepares for a checkpoint made at `now`. Returns the `released` to save in it.
    pub(crate) fn checkpoint(&mut self, now: Instant, hold: Duration) -> bool {
        let releases = self.releases(now, hold);
        if releases && *self != Self::Released {
            *self = Self::Releasing;
        }
        releases
    }

    /// Records that the checkpoint is acknowledged.
    pub(crate) fn acknowledge(&mut self) {
        if *self == Self::Releasing {
            *self = Self::Released;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLD: Duration = Duration::from_secs(16);

    #[test]
    fn a_new_series_is_released_by_the_first_acknowledged_checkpoint_after_the_hold() {
        let start = Instant::now();
        let mut exposure = Exposure::Held(start);
        assert!(!exposure.checkpoint(start + HOLD / 2, HOLD));
        exposure.acknowledge();
        assert!(!exposure.is_released());
        assert!(exposure.checkpoint(start + HOLD, HOLD));
        assert!(!exposure.is_released(), "the checkpoint may still fail");
        exposure.acknowledge();
        assert!(exposure.is_released());
    }

    #[test]
    fn the_hold_begins_when_scrapes_are_answered() {
        let start = Instant::now();
        let mut exposure = Exposure::restored(false);
        assert!(!exposure.releases(start + 10 * HOLD, HOLD));
        exposure.open(start + 10 * HOLD);
        assert!(!exposure.releases(start + 10 * HOLD, HOLD));
        assert!(exposure.releases(start + 11 * HOLD, HOLD));
    }
}
