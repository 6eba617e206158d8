//! The persistent state of a partition, and how it is restored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidewatch_contract::{AlertState, ResolveReason};

use super::cursor::Cursor;
use super::{Limits, Partition};
use crate::group::Group;
use crate::lifecycle::Firing;
use crate::rules::Rules;
use crate::state::{GroupKind, GroupState, PartitionState, STATE_VERSION, key_of};
use crate::summary::who;
use crate::transition::Transition;
use crate::units::{Offset, Time, Window};
use crate::watermark::{Steps, Watermark};

/// An alert whose rule or group no longer exists in the rules file.
#[derive(Debug, Clone)]
pub(super) struct Orphan {
    rule: String,
    labels: BTreeMap<String, String>,
    firing: Firing,
}

/// The keys of removed groups. A removed group is first written in its initial state, which records only how far it was
/// evaluated, and its key is deleted with the next checkpoint. If the key were deleted while the partition's state is
/// still the old one, a restart would evaluate the group's last windows again without the history before them.
#[derive(Debug, Clone, Default)]
pub(super) struct Forgotten {
    to_blank: BTreeMap<String, Group>,
    to_delete: BTreeSet<String>,
}

impl Forgotten {
    pub(super) fn add(&mut self, group: &Group, rules: &Rules) {
        self.to_blank.insert(key_of(group.kind, &group.labels), group.blank(rules));
    }

    /// Returns the start offset of the group if it was removed since the last checkpoint. If the group reappears, it
    /// keeps that offset: its earlier records may be replayed, and don't belong to any other group.
    pub(super) fn start_of(&self, labels: &BTreeMap<String, String>) -> Option<Offset> {
        if self.to_blank.is_empty() {
            return None;
        }
        self.to_blank.get(&key_of(GroupKind::Plain, labels)).map(|group| group.start_offset)
    }
}

impl Partition {
    /// Restores a partition from `state`. `groups` must include every group state written before `state`; newer ones
    /// are harmless, and so is leaving them out. Continue reading at [`Self::position`].
    pub fn restore(
        partition: i32,
        rules: Arc<Rules>,
        limits: Limits,
        state: PartitionState,
        groups: impl IntoIterator<Item = (String, GroupState)>,
    ) -> Self {
        let grid = rules.grid;
        let mut restored = Self::new(partition, state.start_offset, rules, limits);
        restored.watermark = Watermark {
            newest: state.newest_ms.map(Time),
            stalled_since: state.stalled_since_ms.map(Time),
            last_appended: Time(state.last_appended_ms),
            leap: state.leap,
        };
        restored.progress.judged = state.judged_until.map(|until| grid.window_until(Time::of(until)));
        restored.progress.steps =
            Steps::restore(state.steps.iter().map(|&(offset, ms)| (Offset(offset), grid.window_until(Time(ms)))));
        restored.progress.begun_at = state.begun_at.map(Offset);
        let (start, next) = (Offset(state.start_offset), Offset(state.next_offset));
        restored.cursor = Cursor::restore(start, next, Offset(state.floor));
        restored.coverage.partial_until = grid.pane_from(Time(state.partial_until_ms));
        restored.coverage.unwatched_until = grid.pane_from(Time(state.unwatched_until_ms));
        restored.coverage.gap = state.gap;
        restored.totals = state.totals;
        let mut ahead = BTreeSet::new();
        for (key, group) in groups {
            if group.version != STATE_VERSION {
                continue;
            }
            let window = grid.window_until(Time::of(group.judged_until));
            if Some(window) > restored.progress.judged {
                ahead.insert((Offset(group.next_offset), window));
            }
            let group = group.under(&key);
            restored.restore_group(key, group, window);
        }
        restored.progress.ahead = ahead.into_iter().collect();
        restored
    }

    fn restore_group(&mut self, key: String, state: GroupState, window: Window) {
        let rules = self.rules.clone();
        let values: Option<Vec<Box<str>>> = match state.kind {
            GroupKind::Plain if state.labels.len() != rules.group_by.len() => None,
            GroupKind::Plain => rules
                .group_by
                .iter()
                .map(|label| state.labels.get(label.name()).map(|value| (**value).into()))
                .collect(),
            GroupKind::Expected if !state.labels.get("service").is_some_and(|name| rules.expect.contains(name)) => None,
            GroupKind::Service if rules.group_by.len() == 1 => None,
            GroupKind::Expected | GroupKind::Overflow | GroupKind::Service => Some(Vec::new()),
        };
        let is_ahead = self.progress.judged.is_none_or(|judged| window > judged);
        for (rule, standing) in &state.rules {
            let is_there = values.is_some() && rules.rules.iter().any(|there| there.name == *rule);
            if let (Some(firing), false) = (standing.firing, is_there) {
                self.orphans.push(Orphan { rule: rule.clone(), labels: state.labels.clone(), firing });
            }
        }
        let has_orphan = self.orphans.last().is_some_and(|orphan| orphan.labels == state.labels);
        let Some(values) = values else {
            self.forgotten.to_delete.insert(key);
            return;
        };
        // An earlier version wrote an expected service under the key of a plain group.
        let is_moved = key != key_of(state.kind, &state.labels);
        if is_moved {
            self.forgotten.to_delete.insert(key.clone());
        }
        if state.kind == GroupKind::Expected && self.knows_expected(&state) {
            return;
        }
        let judged = self.progress.judged.map_or(window, |judged| judged.max(window));
        let mut group = Group::restore(state, values, judged, &rules);
        group.dirty |= has_orphan || is_moved;
        if group.is_blank() && !is_ahead {
            self.forgotten.to_delete.insert(key);
            return;
        }
        self.groups.insert(group);
    }

    /// Returns whether the group of this expected service is already restored from its other key, and if so adds
    /// whether the service has sent an event.
    fn knows_expected(&mut self, state: &GroupState) -> bool {
        let service = state.labels.get("service").and_then(|name| self.groups.service(name));
        let Some(slot) = service.and_then(|service| service.expected) else { return false };
        if let Some(group) = self.groups.get_mut(slot) {
            group.seen |= state.seen;
            group.dirty = true;
        }
        true
    }

    pub(super) fn resolve_orphans(&mut self, window: Window) {
        let grid = self.rules.grid;
        for orphan in std::mem::take(&mut self.orphans) {
            self.transitions.push(Transition {
                state: AlertState::Resolved,
                reason: Some(ResolveReason::Retired),
                severity: orphan.firing.severity,
                value: 0.0,
                threshold: orphan.firing.threshold,
                window_start: (grid.end(window) - grid.window()).timestamp(),
                window_end: grid.end(window).timestamp(),
                started_at: orphan.firing.started_at_ms.timestamp(),
                summary: format!("{}: {} is no longer evaluated for this group", who(&orphan.labels), orphan.rule),
                runbook_url: self.rules.runbook_url(&orphan.rule),
                rule: orphan.rule,
                group: orphan.labels,
            });
        }
    }

    /// Returns the state to restore the partition from. It belongs with the result of [`Self::take_dirty_groups`] at
    /// the same moment.
    pub fn state(&self) -> PartitionState {
        let grid = self.rules.grid;
        PartitionState {
            version: STATE_VERSION,
            next_offset: self.cursor.next().0,
            start_offset: self.cursor.start().0,
            floor: self.floor(),
            judged_until: self.judged_until(),
            begun_at: self.progress.begun_at.map(|offset| offset.0),
            newest_ms: self.watermark.newest.map(|time| time.0),
            stalled_since_ms: self.watermark.stalled_since.map(|time| time.0),
            last_appended_ms: self.watermark.last_appended.0,
            leap: self.watermark.leap.clone(),
            steps: self.progress.steps.iter().map(|(offset, window)| (offset.0, grid.end(window).0)).collect(),
            partial_until_ms: grid.start(self.coverage.partial_until).0,
            unwatched_until_ms: grid.start(self.coverage.unwatched_until).0,
            gap: self.coverage.gap,
            totals: self.totals,
        }
    }

    /// Returns the groups that changed since the last call, by the keys of their states; `None` means that the key is
    /// to be deleted. Write them in order before the partition's own state of the same moment. A crash may leave only
    /// the first of them written: that is consistent with the previous state of the partition.
    pub fn take_dirty_groups(&mut self) -> Vec<(String, Option<GroupState>)> {
        let mut dirty: BTreeMap<String, Option<GroupState>> = BTreeMap::new();
        if self.progress.judged.is_none() {
            return Vec::new();
        }
        for key in std::mem::take(&mut self.forgotten.to_delete) {
            dirty.insert(key, None);
        }
        for (key, group) in std::mem::take(&mut self.forgotten.to_blank) {
            dirty.insert(key.clone(), Some(group.state(&self.rules, self.cursor.next())));
            self.forgotten.to_delete.insert(key);
        }
        for slot in self.groups.slots() {
            let Some(group) = self.groups.get_mut(slot) else { continue };
            if !std::mem::take(&mut group.dirty) {
                continue;
            }
            let key = key_of(group.kind, &group.labels);
            self.forgotten.to_delete.remove(&key);
            let state = group.state(&self.rules, self.cursor.next());
            dirty.insert(key, Some(state));
        }
        dirty.into_iter().collect()
    }
}
