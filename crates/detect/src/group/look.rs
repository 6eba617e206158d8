//! The view of a group in one window: the observations, each rule's verdict and value, and the resulting transition.

use tidewatch_contract::AlertState;

use super::{Group, Judging};
use crate::lifecycle::{Change, RuleState, Verdict};
use crate::rules::Rule;
use crate::seen::Seen;
use crate::state::GroupKind;
use crate::summary::{NO_USUAL_TRAFFIC, Subject};
use crate::transition::Transition;
use crate::units::Window;

impl Group {
    pub(super) fn window(&self, window: Window, judging: &Judging<'_>) -> Seen {
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

    pub(super) fn verdict(&self, rule: &Rule, window: Window, seen: &Seen, judging: &Judging<'_>) -> Verdict {
        match self.kind {
            _ if !rule.kind.judges(self.kind) => Verdict::Unknown,
            GroupKind::Service if !seen.firing && judging.alone.contains(&(window, rule.index)) => Verdict::Unknown,
            GroupKind::Plain | GroupKind::Overflow | GroupKind::Service => rule.kind.judge(seen),
            GroupKind::Expected if window < self.expected_from(judging) => Verdict::Unknown,
            GroupKind::Expected if self.seen => Verdict::Clean,
            GroupKind::Expected if seen.partial || seen.unwatched => Verdict::Unknown,
            GroupKind::Expected => Verdict::Violating,
        }
    }

    /// Returns the window from which an expected service is reported as missing: as long after the start as other
    /// groups take until they have a baseline.
    pub(super) fn expected_from(&self, judging: &Judging<'_>) -> Window {
        self.traffic.first_pane.window_before() + 2 * judging.rules.grid.panes()
    }

    pub(super) fn threshold(&self, rule: &Rule, baseline: Option<u64>) -> f64 {
        match self.kind {
            GroupKind::Expected => 1.0,
            _ => rule.kind.threshold(baseline),
        }
    }

    pub(super) fn value(&self, rule: &Rule, window: Window, seen: &Seen, judging: &Judging<'_>) -> Option<f64> {
        if self.kind == GroupKind::Expected {
            return Some(f64::from(u8::from(self.seen)));
        }
        let first = judging.rules.grid.first_pane(window);
        let panes = (first, window.next_pane());
        rule.kind.value(seen, &|selection, quantile| {
            self.panes.quantile(&judging.basis.sketching, panes, selection, quantile)
        })
    }

    pub(super) fn transition(
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

    /// Returns why the rule at `index` could not evaluate the last window.
    pub(crate) fn why_unknown(&self, index: usize, judging: &Judging<'_>) -> String {
        let rule = &judging.rules.rules[index];
        if rule.kind.holds_baseline() && self.kind != GroupKind::Plain {
            return NO_USUAL_TRAFFIC.to_owned();
        }
        rule.kind.why_unknown(&self.window(self.judged, judging))
    }

    /// Returns the state of the rule at `index` after the last window: verdict, state, value and threshold.
    pub(crate) fn standing(&self, index: usize, judging: &Judging<'_>) -> (Verdict, RuleState, Option<f64>, f64) {
        let rule = &judging.rules.rules[index];
        let seen = self.window(self.judged, judging);
        let state = self.rules[index];
        let threshold = state.firing.map_or_else(|| self.threshold(rule, seen.baseline), |firing| firing.threshold);
        (self.verdicts[index], state, self.value(rule, self.judged, &seen, judging), threshold)
    }
}
