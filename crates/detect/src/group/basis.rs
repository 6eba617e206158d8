//! The data of a partition that evaluating its groups needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::pane::{Ring, Sketching};
use crate::rules::Rules;
use crate::units::{Pane, Span, Window};

/// The data that is the same for all groups of a partition.
pub(crate) struct Basis {
    pub(crate) rules: Arc<Rules>,
    pub(crate) sketching: Sketching,
    /// Time after which a silent group is removed, unless it is watched.
    pub(crate) ttl: Span,
    /// Windows that begin before this pane are missing records.
    pub(crate) partial_until: Pane,
    /// Windows that begin before this pane lie in a time without a running processor and without events.
    pub(crate) unwatched_until: Pane,
}

impl Basis {
    /// Adds the data that differs between groups.
    pub(crate) fn judging<'a>(&'a self, unattributed: &'a Ring, alone: &'a Alone) -> Judging<'a> {
        Judging { basis: self, rules: &self.rules, unattributed, alone }
    }
}

/// The data that evaluating a group needs.
pub(crate) struct Judging<'a> {
    pub(crate) basis: &'a Basis,
    pub(crate) rules: &'a Rules,
    /// Malformed records of the group's service.
    pub(crate) unattributed: &'a Ring,
    /// For a whole service: the windows and rules that one of its groups decides by itself.
    pub(crate) alone: &'a Alone,
}

/// The windows and rule indices for which a group of the service has a verdict by itself.
pub(crate) type Alone = BTreeSet<(Window, usize)>;
