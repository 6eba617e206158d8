//! Rules about the share of bad requests: with many requests the share decides, with few a bound on it.

use super::below_limit_unless;
use crate::bound;
use crate::lifecycle::Verdict;

/// With fewer requests than this an alert is not resolved as clean: they may be clean by chance.
const FEWEST: u64 = 5;

/// How much must be seen before a rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// With at least this many requests the share decides; with fewer, a bound on it.
    pub(crate) min_events: u64,
    /// Bad requests that it takes with at least `min_events`.
    pub(crate) min_bad: u64,
    /// Bad requests that it takes with fewer.
    pub(crate) low_traffic_min_bad: u64,
}

/// The requests that a rule looks at, and how many of them are bad.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requests {
    pub(super) evidence: Evidence,
    /// Share of bad ones that is allowed.
    pub(super) limit_ppm: u64,
    pub(super) of: u64,
    pub(super) bad: u64,
    pub(super) over_limit: bool,
    pub(super) over_clear: bool,
}

impl Requests {
    pub(super) fn judge(&self, firing: bool) -> Verdict {
        let Evidence { min_events, min_bad, low_traffic_min_bad } = self.evidence;
        if self.of >= min_events {
            return below_limit_unless(self.over_limit && self.bad >= min_bad, self.over_clear, firing);
        }
        if self.bad >= low_traffic_min_bad && bound::lies_above(self.limit_ppm, self.bad, self.of) {
            return Verdict::Violating;
        }
        // Few good ones don't prove that all is well; they end what few bad ones began.
        if !firing || self.of < FEWEST {
            return Verdict::Unknown;
        }
        below_limit_unless(false, self.over_clear, firing)
    }
}
