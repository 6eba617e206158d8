//! Rules about the share of bad requests. With many requests the share itself decides, with few a lower bound on it.

use super::below_limit_unless;
use crate::bound;
use crate::lifecycle::Verdict;

/// With fewer requests than this, an alert is not resolved as clean: they may be clean by chance.
const FEWEST: u64 = 5;

/// The minimum data that a rule needs for a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// With at least this many requests the share decides, with fewer a lower bound on it.
    pub(crate) min_events: u64,
    /// Minimum number of bad requests for a violation, with at least `min_events` requests.
    pub(crate) min_bad: u64,
    /// Minimum number of bad requests for a violation, with fewer requests.
    pub(crate) low_traffic_min_bad: u64,
}

/// The requests that a rule evaluates, and how many of them are bad.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requests {
    pub(super) evidence: Evidence,
    /// Share of bad requests that is allowed.
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
        // A few good requests don't prove that a service is healthy, but they do end an alert.
        if !firing || self.of < FEWEST {
            return Verdict::Unknown;
        }
        below_limit_unless(false, self.over_clear, firing)
    }
}
