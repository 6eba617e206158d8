//! One group: its panes, its usual traffic, and where each rule stands.

mod basis;
mod judge;
mod look;

use std::collections::BTreeMap;

use crate::lifecycle::{RuleState, Verdict};
use crate::pane::Ring;
use crate::rules::Rules;
use crate::state::{GroupKind, GroupState, STATE_VERSION};
use crate::traffic::Traffic;
use crate::units::{Offset, Pane, Time, Window};

pub(crate) use self::basis::{Alone, Basis, Judging};

/// A group and what is kept of it.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) kind: GroupKind,
    pub(crate) labels: BTreeMap<String, String>,
    /// The labels' values in the order of `group_by`, for a plain group: what an event is compared with.
    pub(crate) values: Vec<Box<str>>,
    /// Slot of its service.
    pub(crate) service: usize,
    pub(crate) start_offset: Offset,
    /// The last window judged.
    pub(crate) judged: Window,
    /// Whether anything that is written down changed since it was last written.
    pub(crate) dirty: bool,
    pub(crate) seen: bool,
    pub(crate) last_arrival: Pane,
    pub(crate) panes: Ring,
    pub(crate) traffic: Traffic,
    pub(crate) rules: Vec<RuleState>,
    verdicts: Vec<Verdict>,
}

impl Group {
    pub(crate) fn new(
        kind: GroupKind,
        labels: BTreeMap<String, String>,
        values: Vec<Box<str>>,
        start: (Offset, Window, Pane),
        rules: &Rules,
    ) -> Self {
        let (start_offset, judged, first_pane) = start;
        Self {
            kind,
            labels,
            values,
            service: usize::MAX,
            start_offset,
            judged,
            dirty: true,
            seen: false,
            last_arrival: first_pane,
            panes: Ring::default(),
            traffic: Traffic::new(first_pane),
            rules: vec![RuleState::default(); rules.rules.len()],
            verdicts: vec![Verdict::Unknown; rules.rules.len()],
        }
    }

    /// A group from its state, judged until `judged` at least.
    pub(crate) fn restore(state: GroupState, values: Vec<Box<str>>, judged: Window, rules: &Rules) -> Self {
        let grid = rules.grid;
        let same_grid = (state.hop_ms, state.panes) == (grid.hop().0, grid.panes());
        let traffic = if same_grid { state.traffic } else { Traffic::new(judged.next_pane()) };
        let last_arrival = if same_grid {
            Pane(state.last_arrival)
        } else {
            grid.pane_of(Time(state.last_arrival.saturating_mul(state.hop_ms)))
        };
        Self {
            kind: state.kind,
            labels: state.labels,
            values,
            service: usize::MAX,
            start_offset: Offset(state.start_offset),
            judged,
            dirty: !same_grid,
            seen: state.seen,
            last_arrival,
            panes: Ring::default(),
            traffic,
            rules: rules.rules.iter().map(|rule| state.rules.get(&rule.name).copied().unwrap_or_default()).collect(),
            verdicts: vec![Verdict::Unknown; rules.rules.len()],
        }
    }

    pub(crate) fn state(&self, rules: &Rules, next_offset: Offset) -> GroupState {
        let standing = rules.rules.iter().zip(&self.rules).filter(|(_, state)| **state != RuleState::default());
        GroupState {
            version: STATE_VERSION,
            kind: self.kind,
            labels: self.labels.clone(),
            next_offset: next_offset.0,
            judged_until: rules.grid.end(self.judged).timestamp(),
            start_offset: self.start_offset.0,
            hop_ms: rules.grid.hop().0,
            panes: rules.grid.panes(),
            last_arrival: self.last_arrival.0,
            seen: self.seen,
            traffic: self.traffic.clone(),
            rules: standing.map(|(rule, state)| (rule.name.clone(), *state)).collect(),
        }
    }

    /// Whether an alert fires, or will with the next window.
    pub(crate) fn is_quiet(&self) -> bool {
        self.rules.iter().all(|state| state.firing.is_none() && state.violating == 0)
    }

    /// Makes the group as if it had just begun: what is written of a forgotten one until its key is deleted.
    pub(crate) fn blank(&self, rules: &Rules) -> Self {
        let start = (self.start_offset, self.judged, self.judged.next_pane());
        let blank = Self::new(self.kind, self.labels.clone(), self.values.clone(), start, rules);
        Self { last_arrival: self.last_arrival, ..blank }
    }

    /// Whether the group is what [`Group::blank`] made.
    pub(crate) fn is_blank(&self) -> bool {
        // An expected service is never forgotten, and one that waits has nothing else to show.
        self.kind != GroupKind::Expected
            && self.traffic == Traffic::new(self.traffic.first_pane)
            && self.traffic.first_pane > self.last_arrival
            && self.rules.iter().all(|state| *state == RuleState::default())
    }
}
