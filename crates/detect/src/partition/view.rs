//! The state of a partition's groups, for people and dashboards.

use std::collections::BTreeMap;

pub use tidewatch_contract::http::processor::{GroupView, RuleStatus, RuleView};

use super::{NONE_ALONE, Partition};
use crate::group::{Alone, Group};
use crate::lifecycle::Verdict;
use crate::rules::Rule;
use crate::state::GroupKind;
use crate::units::Time;

impl Partition {
    /// Returns the state of each group after the last window evaluated. For a service as a whole, it includes only the
    /// rules that can't evaluate any of its groups, and those that are firing or pending.
    pub fn groups(&self) -> impl Iterator<Item = GroupView> + '_ {
        self.groups.iter().filter_map(|group| match group.kind {
            GroupKind::Service => self.view_of_total(group),
            _ => Some(self.view(group, &NONE_ALONE)),
        })
    }

    fn view_of_total(&self, group: &Group) -> Option<GroupView> {
        let alone = self.alone(group, group.judged, group.judged);
        let mut group = group.clone();
        group.panes = self.panes_of(&group, self.rules.grid.first_pane(group.judged));
        let view = self.view(&group, &alone);
        let says = |status| matches!(status, RuleStatus::Firing | RuleStatus::Pending);
        let judges = |rule: &Rule| {
            rule.kind.judges(GroupKind::Service) && !alone.contains(&(group.judged, rule.index))
                || says(view.rules[&rule.name].state)
        };
        let judging = self.rules.rules.iter().filter(|rule| judges(rule));
        let rules: BTreeMap<_, _> = judging.map(|rule| (rule.name.clone(), view.rules[&rule.name].clone())).collect();
        (!rules.is_empty()).then_some(GroupView { labels: view.labels, rules })
    }

    fn view(&self, group: &Group, alone: &Alone) -> GroupView {
        let basis = self.basis();
        let judging = basis.judging(self.groups.unattributed_of(group), alone);
        let rules = self.rules.rules.iter().enumerate().map(|(index, rule)| {
            let (verdict, standing, value, threshold) = group.standing(index, &judging);
            let (state, since) = match (standing.firing, standing.violating_since_ms, verdict) {
                (Some(firing), ..) => (RuleStatus::Firing, Some(firing.started_at_ms)),
                (None, Some(since), _) => (RuleStatus::Pending, Some(since)),
                (None, None, Verdict::Unknown) => (RuleStatus::Unknown, None),
                (None, None, _) => (RuleStatus::Ok, None),
            };
            let reason = (state == RuleStatus::Unknown).then(|| group.why_unknown(index, &judging));
            let view = RuleView { state, value, threshold: Some(threshold), since: since.map(Time::timestamp), reason };
            (rule.name.clone(), view)
        });
        GroupView { labels: group.labels.clone(), rules: rules.collect() }
    }
}
