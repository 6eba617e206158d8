//! The evaluation of a service as a whole: its groups may have enough requests together if none of them has by itself.
//!
//! Records are not counted a second time for this. Before the groups are evaluated, the contents of their panes are
//! added up for the windows that are due, so that the sums are as exact after a restart as those of the groups.

use super::{NONE_ALONE, Partition};
use crate::group::{Alone, Group};
use crate::pane::Ring;
use crate::rules::Label;
use crate::state::GroupKind;
use crate::units::{Pane, Window};

/// Malformed records are not counted for a service as a whole, because they would be counted once for each of its
/// groups.
static NO_MALFORMED: Ring = Ring::EMPTY;

impl Partition {
    /// Evaluates the services that have several groups, up to the window `to`. Must run before their groups are
    /// evaluated, because those drop the panes that have left the last window.
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
            // Usually each group is large enough, and there is nothing to add up.
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

    /// Removes the groups of services with fewer than two groups, once their alerts are over.
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

    /// Returns the sum of the panes of the service's groups from `from` on.
    pub(super) fn panes_of(&self, total: &Group, from: Pane) -> Ring {
        let mut panes = Ring::default();
        for member in self.members_of(total) {
            panes.merge(&member.panes, from);
        }
        panes
    }

    /// Returns the windows and rules for which one of the service's groups has a verdict by itself.
    pub(super) fn alone(&self, total: &Group, from: Window, to: Window) -> Alone {
        let basis = self.basis();
        let judging = basis.judging(&NO_MALFORMED, &NONE_ALONE);
        let mut alone = Alone::new();
        for member in self.members_of(total) {
            member.decides(from..=to, &judging, &mut alone);
        }
        alone
    }

    /// Returns the number of verdicts about a whole service in the given windows.
    fn verdicts_of_totals(&self, from: Window, to: Window) -> usize {
        let rules = self.rules.rules.iter().filter(|rule| rule.kind.judges(GroupKind::Service)).count();
        rules * usize::try_from(to - from + 1).unwrap_or(0)
    }

    fn members_of(&self, total: &Group) -> impl Iterator<Item = &Group> {
        let members = self.groups.service_of(total).map_or(&[][..], |service| &service.members);
        members.iter().filter_map(|&slot| self.groups.get(slot))
    }
}
