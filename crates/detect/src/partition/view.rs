//! How the groups of a partition stand, for people and dashboards.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Partition, ttl_ms};
use crate::grid::to_timestamp;
use crate::group::{Group, Judging};
use crate::lifecycle::Verdict;

/// How a group stands after the last window judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupView {
    /// Labels of the group.
    pub labels: BTreeMap<String, String>,
    /// How it stands by each rule's name.
    pub rules: BTreeMap<String, RuleView>,
}

/// How a group stands by one rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleView {
    /// The state.
    pub state: RuleStatus,
    /// What was measured: milliseconds, a share of 1, or events a window. None: there was nothing to measure.
    pub value: Option<f64>,
    /// What it is held against.
    pub threshold: f64,
    /// Since when it fires, or has been violated.
    pub since: Option<Timestamp>,
}

/// The state of a rule in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleStatus {
    /// Nothing is wrong.
    Ok,
    /// Violated, not yet for long enough.
    Pending,
    /// An alert fires.
    Firing,
    /// There is too little to judge by.
    Unknown,
}

impl Partition {
    /// How each group stands after the last window judged.
    pub fn groups(&self) -> impl Iterator<Item = GroupView> + '_ {
        self.groups.iter().map(|group| self.view(group))
    }

    fn view(&self, group: &Group) -> GroupView {
        let judging = Judging {
            rules: &self.rules,
            sketching: &self.sketching,
            ttl_ms: ttl_ms(&self.rules, &self.limits),
            partial_until: self.partial_until,
            unwatched_until: self.unwatched_until,
            unattributed: self.groups.unattributed_of(group),
        };
        let rules = self.rules.rules.iter().enumerate().map(|(index, rule)| {
            let (verdict, standing, value, threshold) = group.standing(index, &judging);
            let (state, since_ms) = match (standing.firing, standing.violating_since_ms, verdict) {
                (Some(firing), ..) => (RuleStatus::Firing, Some(firing.started_at_ms)),
                (None, Some(since_ms), _) => (RuleStatus::Pending, Some(since_ms)),
                (None, None, Verdict::Unknown) => (RuleStatus::Unknown, None),
                (None, None, _) => (RuleStatus::Ok, None),
            };
            (rule.name.clone(), RuleView { state, value, threshold, since: since_ms.map(to_timestamp) })
        });
        GroupView { labels: group.labels.clone(), rules: rules.collect() }
    }
}
