//! Evaluates a group window by window.

use tidewatch_contract::ResolveReason;

use super::{Alone, Group, Judging};
use crate::lifecycle::Verdict;
use crate::pane::Ring;
use crate::rules::Rules;
use crate::state::GroupKind;
use crate::transition::Transition;
use crate::units::{Pane, Span, Window};

/// Time after which a silent watched group is retired.
const RETIRE: Span = Span::hours(24);

impl Group {
    /// Evaluates every window up to `to`. Returns false if the group is to be removed.
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

    /// Evaluates one window. Returns whether anything in the persistent state changed.
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
        let mut seen = self.window(window, judging);
        let mut is_low = false;
        for (index, rule) in judging.rules.rules.iter().enumerate() {
            let before = self.rules[index];
            seen.firing = before.firing.is_some();
            let mut verdict = self.verdict(rule, window, &seen, judging);
            let holds_baseline = has_baseline && rule.kind.holds_baseline();
            is_low |= holds_baseline && verdict == Verdict::Violating;
            if has_baseline {
                let followed = rule.kind.follow(verdict, &seen, &mut self.traffic, (grid, window));
                changed |= followed.changed;
                verdict = followed.verdict;
            }
            let threshold = self.threshold(rule, seen.baseline);
            let change = self.rules[index].apply(verdict, grid.end(window), rule, threshold);
            self.verdicts[index] = verdict;
            changed |= before != self.rules[index];
            is_low |= holds_baseline && self.rules[index].firing.is_some();
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
        // Keeps one pane more than the next window needs, so that the last window can still be inspected.
        self.panes.forget_before(leaving);
        changed
    }

    /// Uses the level of a settled drop as the baseline, and resolves its alert. Silence never becomes the baseline.
    fn settle_traffic(&mut self, window: Window, judging: &Judging<'_>, transitions: &mut Vec<Transition>) -> bool {
        let grid = judging.rules.grid;
        if self.panes.sum(grid.first_pane(window), window.next_pane()).arrived() == 0
            || !self.traffic.settle(grid, window)
        {
            return false;
        }
        let seen = self.window(window, judging);
        for (index, rule) in judging.rules.rules.iter().enumerate() {
            if rule.kind.holds_baseline()
                && let Some(change) = self.rules[index].resolve(ResolveReason::NewNormal, grid.end(window), rule)
            {
                let value = self.value(rule, window, &seen, judging);
                transitions.push(self.transition(rule, change, window, value, &seen, judging));
            }
        }
        true
    }

    /// Returns whether a rule could report the group's silence, now or at another time of day, or an alert is firing.
    /// Such a group is kept for a day.
    fn is_watched(&self, rules: &Rules) -> bool {
        let is_enough = |usual| rules.rules.iter().any(|rule| rule.kind.notices_silence(usual));
        let is_armed = || self.traffic.baseline.is_some_and(is_enough) || self.traffic.highest().is_some_and(is_enough);
        self.kind == GroupKind::Plain && is_armed() || self.rules.iter().any(|state| state.firing.is_some())
    }

    fn allowed_silence(&self, judging: &Judging<'_>) -> Span {
        if self.is_watched(judging.rules) { RETIRE } else { judging.basis.ttl }
    }

    /// Returns whether the group has been silent for too long, and if so resolves its alerts.
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

    /// Returns the window at which the group has been silent for too long.
    fn over_from(&self, judging: &Judging<'_>) -> Window {
        self.last_arrival.window_before() + 1 + judging.rules.grid.hops(self.allowed_silence(judging))
    }

    /// Skips windows after one that changed nothing. As long as no pane with events enters the window and no deadline
    /// passes, the next windows won't change anything either.
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

    /// Adds to `alone` the `windows` and rules for which this group has a verdict by itself.
    pub(crate) fn decides(&self, windows: std::ops::RangeInclusive<Window>, judging: &Judging<'_>, alone: &mut Alone) {
        let Some(last) = self.panes.last() else { return };
        let until = (*windows.end()).min(last.window_before() + judging.rules.grid.panes());
        for window in (windows.start().0..=until.0).map(Window) {
            let seen = self.window(window, judging);
            let rules = judging.rules.rules.iter().filter(|rule| rule.kind.judges(GroupKind::Service));
            let decides = rules.filter(|rule| rule.kind.judge(&seen) != Verdict::Unknown);
            alone.extend(decides.map(|rule| (window, rule.index)));
        }
    }
}
