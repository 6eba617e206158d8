//! The observations of one group in one window.

use crate::pane::{Counts, Filtered, Tally};
use crate::rules::Selection;

/// The observations that rules evaluate.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) counts: Counts,
    pub(crate) filtered: Filtered,
    /// Number of malformed records of the group's service, any of which may belong to this group.
    pub(crate) unattributed: u64,
    /// Usual number of events per window.
    pub(crate) baseline: Option<u64>,
    /// Whether records of this window were lost.
    pub(crate) partial: bool,
    /// Whether the window lies in a time without a running processor and without events, so that arrival counts mean
    /// nothing.
    pub(crate) unwatched: bool,
    /// Whether the alert of the rule being evaluated is firing.
    pub(crate) firing: bool,
}

impl Seen {
    /// Returns the tally of the selected requests.
    pub(crate) fn of(&self, selection: Selection) -> Tally {
        selection.filter().map_or_else(|| self.counts.tally(), |filter| self.filtered[filter])
    }

    /// Returns the number of records that arrived, including malformed ones.
    pub(crate) fn arrived(&self) -> u64 {
        self.counts.arrived() + self.unattributed
    }
}
