//! What was seen of one group in one window.

use crate::pane::{Counts, Filtered, Tally};
use crate::rules::Selection;

/// What rules look at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) counts: Counts,
    pub(crate) filtered: Filtered,
    /// Malformed records of the group's service: each group of the service may have sent them.
    pub(crate) unattributed: u64,
    /// Usual events per window.
    pub(crate) baseline: Option<u64>,
    /// Records of this window were lost.
    pub(crate) partial: bool,
    /// Nobody watched, and nobody sent: what arrived says nothing.
    pub(crate) unwatched: bool,
    /// The alert of the rule that looks is firing.
    pub(crate) firing: bool,
}

impl Seen {
    /// Returns the requests that a rule looks at.
    pub(crate) fn of(&self, selection: Selection) -> Tally {
        selection.filter().map_or_else(|| self.counts.tally(), |filter| self.filtered[filter])
    }

    /// Returns the number of records that arrived, malformed ones among them.
    pub(crate) fn arrived(&self) -> u64 {
        self.counts.arrived() + self.unattributed
    }
}
