//! One group: its panes, its usual traffic, and the state of each rule.

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

/// A group and its state.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) kind: GroupKind,
    pub(crate) labels: BTreeMap<String, String>,
    /// The labels' values in the order of `group_by`, with which events are compared; empty unless the group is plain.
    pub(crate) values: Vec<Box<str>>,
    /// Slot of the group's service.
    pub(crate) service: usize,
    pub(crate) start_offset: Offset,
    /// The last window evaluated.
    pub(crate) judged: Window,
    /// Whether any persistent state changed since it was last written.
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

    /// Restores a group from its state, evaluated up to at least `judged`.
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

    /// Returns whether no alert is firing or pending.
    pub(crate) fn is_quiet(&self) -> bool {
        self.rules.iter().all(|state| state.firing.is_none() && state.violating == 0)
    }

    /// Returns the group in its initial state, which is written for a removed group until its key is deleted.
    pub(crate) fn blank(&self, rules: &Rules) -> Self {
        let start = (self.start_offset, self.judged, self.judged.next_pane());
        let blank = Self::new(self.kind, self.labels.clone(), self.values.clone(), start, rules);
        Self { last_arrival: self.last_arrival, ..blank }
    }

    /// Returns whether the group is in the state that [`Group::blank`] creates.
    pub(crate) fn is_blank(&self) -> bool {
        // An expected service is never removed, and has no other state while waiting.
        self.kind != GroupKind::Expected
            && self.traffic == Traffic::new(self.traffic.first_pane)
            && self.traffic.first_pane > self.last_arrival
            && self.rules.iter().all(|state| *state == RuleState::default())
    }
}
