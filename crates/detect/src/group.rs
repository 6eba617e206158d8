//! One group: its panes, its usual traffic, and where each rule stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidewatch_contract::{AlertState, ResolveReason};

use crate::lifecycle::{Change, RuleState, Verdict};
use crate::pane::{Ring, Sketching};
use crate::rules::{Kind, Rule, Rules};
use crate::state::{GroupKind, GroupState, STATE_VERSION};
use crate::summary::{self, Subject};
use crate::traffic::Traffic;
use crate::transition::Transition;
use crate::units::{Offset, Pane, Span, Time, Window};
use crate::verdict::{self, Seen};

/// A watched group that is silent for this long is retired.
const RETIRE: Span = Span::hours(24);

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
    learned: Option<serde_json::Value>,
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
            learned: None,
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
            learned: state.learned,
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
            learned: self.learned.clone(),
        }
    }

    /// Judges every window up to `to`. False: the group is to be forgotten.
    pub(crate) fn judge(&mut self, to: Window, judging: &Judging<'_>, transitions: &mut Vec<Transition>) -> bool {
        while self.judged < to {
            let window = self.judged + 1;
            let changed = self.judge_window(window, judging, transitions);
            self.judged = window;
            if self.is_over(window, judging, transitions) {
                return false;
            }
            if changed {
                self.dirty = true;
            } else {
                self.skip(to, judging);
            }
        }
        true
    }

    /// Says whether anything changed that is written down.
    fn judge_window(&mut self, window: Window, judging: &Judging<'_>, transitions: &mut Vec<Transition>) -> bool {
        let grid = judging.rules.grid;
        let has_baseline = self.kind == GroupKind::Plain;
        let mut changed = false;
        if has_baseline {
            self.traffic.catch_up(grid, window);
            changed = match self.traffic.frozen {
                true => self.settle_traffic(window, judging, transitions),
                false => self.traffic.refresh(grid, window, self.last_arrival),
            };
        }
        let seen = self.window(window, judging);
        let mut is_low = false;
        for (index, rule) in judging.rules.rules.iter().enumerate() {
            let before = self.rules[index];
            let seen = Seen { firing: before.firing.is_some(), ..seen };
            let mut verdict = self.verdict(rule, window, &seen, judging);
            let is_traffic = has_baseline && matches!(rule.kind, Kind::TrafficDrop { .. });
            if is_traffic {
                is_low = verdict == Verdict::Violating;
                changed |= verdict != Verdict::Unknown && self.traffic.follow(grid, window, is_low);
                if is_low && !seen.firing && self.traffic.pauses_until(grid).is_some_and(|until| window <= until) {
                    verdict = Verdict::Unknown;
                }
            }
            let threshold = self.threshold(rule, seen.baseline);
            let change = self.rules[index].apply(verdict, grid.end(window), rule, threshold);
            self.verdicts[index] = verdict;
            changed |= before != self.rules[index];
            is_low |= is_traffic && self.rules[index].firing.is_some();
            if let Some(change) = change {
                let value = self.value(rule, window, &seen, judging);
                transitions.push(self.transition(rule, change, window, value, &seen, judging));
            }
        }
        let leaving = grid.first_pane(window);
        if has_baseline {
            let unseen = seen.partial || seen.unwatched || seen.counts.replayed;
            changed |= is_low != self.traffic.frozen;
            self.dirty |= is_low || unseen;
            let arrived = self.panes.get(leaving).map(|pane| pane.counts.arrived());
            changed |= arrived.is_some();
            self.traffic.leave(grid, window, arrived.unwrap_or(0), is_low, unseen);
        }
        // One pane longer than the next window needs, so that the last one can still be looked at.
        self.panes.forget_before(leaving);
        changed
    }

    /// Takes a drop that has lasted for so long that it is the normal level as the baseline, and resolves its alert.
    /// Not while the group is silent: silence is never normal.
    fn settle_traffic(&mut self, window: Window, judging: &Judging<'_>, transitions: &mut Vec<Transition>) -> bool {
        let grid = judging.rules.grid;
        if self.panes.sum(grid.first_pane(window), window.next_pane()).arrived() == 0
            || !self.traffic.settle(grid, window)
        {
            return false;
        }
        let seen = self.window(window, judging);
        for (index, rule) in judging.rules.rules.iter().enumerate() {
            if matches!(rule.kind, Kind::TrafficDrop { .. })
                && let Some(change) = self.rules[index].resolve(ResolveReason::NewNormal, grid.end(window), rule)
            {
                let value = self.value(rule, window, &seen, judging);
                transitions.push(self.transition(rule, change, window, value, &seen, judging));
            }
        }
        true
    }

    fn window(&self, window: Window, judging: &Judging<'_>) -> Seen {
        let (first, until) = (judging.rules.grid.first_pane(window), window.next_pane());
        let half = until - judging.rules.grid.panes() / 2;
        let is_silent = || {
            self.panes.next(half).is_none_or(|pane| pane >= until) && judging.unattributed.sum(half, until).events == 0
        };
        Seen {
            counts: self.panes.sum(first, until),
            filtered: self.panes.filtered(first, until),
            unattributed: judging.unattributed.sum(first, until).events,
            baseline: self.traffic.measure(is_silent),
            partial: first < judging.basis.partial_until,
            unwatched: first < judging.basis.unwatched_until,
            firing: false,
        }
    }

    fn verdict(&self, rule: &Rule, window: Window, seen: &Seen, judging: &Judging<'_>) -> Verdict {
        let is_traffic = matches!(rule.kind, Kind::TrafficDrop { .. });
        match self.kind {
            GroupKind::Plain => verdict::judge(&rule.kind, seen),
            GroupKind::Overflow if is_traffic => Verdict::Unknown,
            GroupKind::Overflow => verdict::judge(&rule.kind, seen),
            GroupKind::Service if is_traffic => Verdict::Unknown,
            GroupKind::Service if !seen.firing && judging.alone.contains(&(window, rule.index)) => Verdict::Unknown,
            GroupKind::Service => verdict::judge(&rule.kind, seen),
            GroupKind::Expected if !is_traffic || window < self.expected_from(judging) => Verdict::Unknown,
            GroupKind::Expected if self.seen => Verdict::Clean,
            GroupKind::Expected if seen.partial || seen.unwatched => Verdict::Unknown,
            GroupKind::Expected => Verdict::Violating,
        }
    }

    /// The window from which an expected service is missed: as long after the start as others take to be watched.
    fn expected_from(&self, judging: &Judging<'_>) -> Window {
        self.traffic.first_pane.window_before() + 2 * judging.rules.grid.panes()
    }

    fn threshold(&self, rule: &Rule, baseline: Option<u64>) -> f64 {
        match self.kind {
            GroupKind::Expected => 1.0,
            _ => verdict::threshold(&rule.kind, baseline),
        }
    }

    fn value(&self, rule: &Rule, window: Window, seen: &Seen, judging: &Judging<'_>) -> Option<f64> {
        if self.kind == GroupKind::Expected {
            return Some(f64::from(u8::from(self.seen)));
        }
        let first = judging.rules.grid.first_pane(window);
        let panes = (first, window.next_pane());
        verdict::value(&rule.kind, seen, |selection, quantile| {
            self.panes.quantile(&judging.basis.sketching, panes, selection, quantile)
        })
    }

    fn transition(
        &self,
        rule: &Rule,
        change: Change,
        window: Window,
        value: Option<f64>,
        seen: &Seen,
        judging: &Judging<'_>,
    ) -> Transition {
        let grid = judging.rules.grid;
        let subject =
            Subject { kind: &rule.kind, labels: &self.labels, window: grid.window(), baseline: seen.baseline, value };
        let (state, reason, firing, summary) = match change {
            Change::Fired(firing) => (AlertState::Firing, None, firing, subject.fired()),
            Change::Resolved(reason, firing) => (AlertState::Resolved, Some(reason), firing, subject.resolved(reason)),
        };
        Transition {
            rule: rule.name.clone(),
            state,
            reason,
            severity: firing.severity,
            group: self.labels.clone(),
            value: value.unwrap_or_default(),
            threshold: firing.threshold,
            window_start: (grid.end(window) - grid.window()).timestamp(),
            window_end: grid.end(window).timestamp(),
            started_at: firing.started_at_ms.timestamp(),
            summary,
            runbook_url: rule.runbook_url.clone(),
        }
    }

    /// Whether its silence could be told, now or at another time of the day: then it is kept for a day.
    fn is_watched(&self, rules: &Rules) -> bool {
        let is_armed = |rule: &Rule| match rule.kind {
            Kind::TrafficDrop { min_baseline, .. } => {
                let is_enough = |usual| usual >= min_baseline;
                self.traffic.baseline.is_some_and(is_enough) || self.traffic.highest().is_some_and(is_enough)
            }
            _ => false,
        };
        self.kind == GroupKind::Plain && rules.rules.iter().any(is_armed)
            || self.rules.iter().any(|state| state.firing.is_some())
    }

    fn allowed_silence(&self, judging: &Judging<'_>) -> Span {
        if self.is_watched(judging.rules) { RETIRE } else { judging.basis.ttl }
    }

    /// Whether the group was silent for too long; resolves what fires.
    fn is_over(&mut self, window: Window, judging: &Judging<'_>, transitions: &mut Vec<Transition>) -> bool {
        let has_ttl = !matches!(self.kind, GroupKind::Expected | GroupKind::Service);
        if !has_ttl || window < self.over_from(judging) {
            return false;
        }
        let seen = self.window(window, judging);
        for (index, rule) in judging.rules.rules.iter().enumerate() {
            let end = judging.rules.grid.end(window);
            if let Some(change) = self.rules[index].resolve(ResolveReason::Retired, end, rule) {
                let value = self.value(rule, window, &seen, judging);
                transitions.push(self.transition(rule, change, window, value, &seen, judging));
            }
        }
        true
    }

    /// The window at which the group has been silent for too long.
    fn over_from(&self, judging: &Judging<'_>) -> Window {
        self.last_arrival.window_before() + 1 + judging.rules.grid.hops(self.allowed_silence(judging))
    }

    /// Nothing changed at the last window. As long as no pane with events enters the window and no time limit runs out,
    /// nothing will change at the next ones either: they are as good as judged.
    fn skip(&mut self, to: Window, judging: &Judging<'_>) {
        let grid = judging.rules.grid;
        let window = self.judged;
        let leaving = grid.first_pane(window);
        let has_baseline = self.kind == GroupKind::Plain;
        let is_marked = leaving < judging.basis.partial_until.max(judging.basis.unwatched_until);
        if is_marked || has_baseline && !self.traffic.is_steady(grid, window) {
            return;
        }
        let entering = |ring: &Ring| ring.next(leaving).map_or(Window(i64::MAX), Pane::window_before);
        let mut last = to.min(entering(&self.panes)).min(entering(judging.unattributed));
        let deadlines = judging.rules.rules.iter().zip(&self.rules).filter_map(|(rule, state)| state.deadline(rule));
        for deadline in deadlines {
            last = last.min(grid.window_from(deadline) - 1);
        }
        if let Some(until) = self.traffic.pauses_until(grid).filter(|&until| until >= window) {
            last = last.min(until);
        }
        match self.kind {
            GroupKind::Expected if window < self.expected_from(judging) => {
                last = last.min(self.expected_from(judging) - 1);
            }
            GroupKind::Expected | GroupKind::Service => {}
            _ => last = last.min(self.over_from(judging) - 1),
        }
        if last <= window {
            return;
        }
        self.judged = last;
        if self.traffic.frozen {
            self.traffic.exclude_on(last);
            self.dirty = true;
        }
    }

    /// Adds to `alone` the windows up to `to` in which a rule decides for this group.
    pub(crate) fn decides(&self, windows: std::ops::RangeInclusive<Window>, judging: &Judging<'_>, alone: &mut Alone) {
        let Some(last) = self.panes.last() else { return };
        let until = (*windows.end()).min(last.window_before() + judging.rules.grid.panes());
        for window in (windows.start().0..=until.0).map(Window) {
            let seen = self.window(window, judging);
            let rules = judging.rules.rules.iter().filter(|rule| !matches!(rule.kind, Kind::TrafficDrop { .. }));
            let decides = rules.filter(|rule| verdict::judge(&rule.kind, &seen) != Verdict::Unknown);
            alone.extend(decides.map(|rule| (window, rule.index)));
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

    /// Why the last window could not be judged by the rule at `index`.
    pub(crate) fn why_unknown(&self, index: usize, judging: &Judging<'_>) -> String {
        let rule = &judging.rules.rules[index];
        if matches!(rule.kind, Kind::TrafficDrop { .. }) && self.kind != GroupKind::Plain {
            return summary::NO_USUAL_TRAFFIC.to_owned();
        }
        summary::unknown(&rule.kind, &self.window(self.judged, judging))
    }

    /// Where the rule at `index` stands after the last window: verdict, state, value and threshold.
    pub(crate) fn standing(&self, index: usize, judging: &Judging<'_>) -> (Verdict, RuleState, Option<f64>, f64) {
        let rule = &judging.rules.rules[index];
        let seen = self.window(self.judged, judging);
        let state = self.rules[index];
        let threshold = state.firing.map_or_else(|| self.threshold(rule, seen.baseline), |firing| firing.threshold);
        (self.verdicts[index], state, self.value(rule, self.judged, &seen, judging), threshold)
    }
}
