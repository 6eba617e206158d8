//! What judging a group needs from its partition.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::pane::{Ring, Sketching};
use crate::rules::Rules;
use crate::units::{Pane, Span, Window};

/// What judging needs to know of a partition, whichever group is judged.
pub(crate) struct Basis {
    pub(crate) rules: Arc<Rules>,
    pub(crate) sketching: Sketching,
    /// How long an unwatched group may be silent.
    pub(crate) ttl: Span,
    /// Windows that begin before this pane miss records.
    pub(crate) partial_until: Pane,
    /// Windows that begin before this pane lie where nobody watched and nobody sent.
    pub(crate) unwatched_until: Pane,
}

impl Basis {
    /// Adds what differs from group to group.
    pub(crate) fn judging<'a>(&'a self, unattributed: &'a Ring, alone: &'a Alone) -> Judging<'a> {
        Judging { basis: self, rules: &self.rules, unattributed, alone }
    }
}

/// What judging a group needs from its partition.
pub(crate) struct Judging<'a> {
    pub(crate) basis: &'a Basis,
    pub(crate) rules: &'a Rules,
    /// Malformed records of the group's service.
    pub(crate) unattributed: &'a Ring,
    /// For a whole service: in which windows which rules decide for one of its groups alone.
    pub(crate) alone: &'a Alone,
}

/// Windows and indices of rules that decide for a group of the service alone.
pub(crate) type Alone = BTreeSet<(Window, usize)>;
