//! When a new series shows its count: after every scraper has seen it at 0, and never to be taken back.
//!
//! Prometheus takes no increase from a series' first sample, so a series that appeared with its count would hide it.
//! The bridge keeps nothing about scrapers, since there may be any number of them. Instead a new series is shown as 0
//! to everybody for longer than the longest scrape interval, and then with its count. A bridge that restarts must not
//! show 0 again where a count was shown, which would look like a reset. So the count is shown only once a checkpoint
//! that says so is acknowledged: after a restart a series is either known to be released, or was never seen above 0.

use std::time::{Duration, Instant};

/// How far a series is on its way from unseen to shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exposure {
    /// Nobody can scrape it yet: the bridge is still catching up.
    Unseen,
    /// Shown as 0 since then.
    Held(Instant),
    /// Needs no 0: it was there before the bridge was.
    Due,
    /// The next acknowledged checkpoint releases it.
    Releasing,
    /// Shown with its count.
    Released,
}

impl Exposure {
    /// `released` as a checkpoint says it.
    pub(crate) fn restored(released: bool) -> Self {
        if released { Self::Released } else { Self::Unseen }
    }

    pub(crate) fn is_released(self) -> bool {
        self == Self::Released
    }

    /// The bridge answers scrapes from `now` on.
    pub(crate) fn open(&mut self, now: Instant) {
        if *self == Self::Unseen {
            *self = Self::Held(now);
        }
    }

    /// Whether a checkpoint made at `now` releases it, or an earlier one has.
    pub(crate) fn releases(self, now: Instant, hold: Duration) -> bool {
        match self {
            Self::Unseen => false,
            Self::Held(since) => now.duration_since(since) >= hold,
            Self::Due | Self::Releasing | Self::Released => true,
        }
    }

    /// A checkpoint is made at `now`; returns what it says.
    pub(crate) fn checkpoint(&mut self, now: Instant, hold: Duration) -> bool {
        let releases = self.releases(now, hold);
        if releases && *self != Self::Released {
            *self = Self::Releasing;
        }
        releases
    }

    /// The checkpoint is acknowledged.
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
