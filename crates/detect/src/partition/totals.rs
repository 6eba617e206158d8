//! A service as a whole: where none of its groups has enough requests to be judged alone, together they may.
//!
//! Nothing is counted twice for it. Before its groups are judged, what their panes hold is added up, for the windows that
//! are due; so the sums are as exact after a restart as those of the groups are.

use super::{NONE_ALONE, Partition};
use crate::group::{Alone, Group};
use crate::pane::Ring;
use crate::rules::Label;
use crate::state::GroupKind;
use crate::units::{Pane, Window};

/// Malformed records are not counted for a service as a whole: they would stand in each of its groups.
static NO_MALFORMED: Ring = Ring::EMPTY;

impl Partition {
    /// Judges the services that have several groups, until the window `to`. To be called before their groups are judged,
    /// which forget what has left the last window.
    pub(super) fn judge_totals(&mut self, judged: Window, to: Window) {
        if self.rules.group_by.len() == 1 {
            return;
        }
        let missing = self.groups.services().filter(|service| service.members.len() > 1 && service.total.is_none());
        let missing: Vec<Box<str>> = missing.map(|service| service.name.clone()).collect();
        for name in missing {
            let labels = [(Label::Service.name().to_owned(), name.into())].into();
            let start = (self.cursor.next(), judged, judged.next_pane());
            self.groups.insert(Group::new(GroupKind::Service, labels, Vec::new(), start, &self.rules));
        }
        let totals: Vec<usize> = self.groups.services().filter_map(|service| service.total).collect();
        let basis = self.basis();
        for slot in totals {
            let Some(total) = self.groups.get(slot) else { continue };
            let from = total.judged + 1;
            let alone = self.alone(total, from, to);
            let is_decided = total.is_quiet() && alone.len() == self.verdicts_of_totals(from, to);
            // Mostly each group is large enough, and there is nothing to add up.
            let first = self.rules.grid.first_pane(from);
            let panes = if is_decided { Ring::default() } else { self.panes_of(total, first) };
            let judging = basis.judging(&NO_MALFORMED, &alone);
            if let Some(total) = self.groups.get_mut(slot) {
                total.panes = panes;
                total.judge(to, &judging, &mut self.transitions);
                total.panes = Ring::default();
            }
        }
    }

    /// Forgets those whose service has less than two groups, once their alerts are over.
    pub(super) fn forget_totals(&mut self) {
        let few = self.groups.services().filter(|service| service.members.len() < 2);
        let totals: Vec<usize> = few.filter_map(|service| service.total).collect();
        for slot in totals {
            if self.groups.get(slot).is_some_and(Group::is_quiet)
                && let Some(total) = self.groups.remove(slot)
            {
                self.forgotten.add(&total, &self.rules);
            }
        }
    }

    /// What the service's groups counted from the pane `from` on.
    pub(super) fn panes_of(&self, total: &Group, from: Pane) -> Ring {
        let mut panes = Ring::default();
        for member in self.members_of(total) {
            panes.merge(&member.panes, from);
        }
        panes
    }

    /// In which windows which rules decide for one of the service's groups alone.
    pub(super) fn alone(&self, total: &Group, from: Window, to: Window) -> Alone {
        let basis = self.basis();
        let judging = basis.judging(&NO_MALFORMED, &NONE_ALONE);
        let mut alone = Alone::new();
        for member in self.members_of(total) {
            member.decides(from..=to, &judging, &mut alone);
        }
        alone
    }

    /// How many verdicts there are about a whole service in so many windows.
    fn verdicts_of_totals(&self, from: Window, to: Window) -> usize {
        let rules = self.rules.rules.iter().filter(|rule| rule.kind.judges(GroupKind::Service)).count();
        rules * usize::try_from(to - from + 1).unwrap_or(0)
    }

    fn members_of(&self, total: &Group) -> impl Iterator<Item = &Group> {
        let members = self.groups.service_of(total).map_or(&[][..], |service| &service.members);
        members.iter().filter_map(|&slot| self.groups.get(slot))
    }
}
