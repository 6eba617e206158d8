//! Everything that belongs to one input partition: records in, in the order of offsets; transitions out.
//!
//! What a partition does depends on its records alone, and on the moments at which it was told to be idle. A record is
//! taken in three steps: it moves the watermark; every window that the watermark has passed is judged; then it is
//! counted in its pane, or found late. After a restart the records from the floor on are read again: those that the
//! state already covers only fill panes ([`Disposition::Known`]), late or not as they were the first time ([`Steps`]).

mod checkpoint;
mod coverage;
mod cursor;
mod input;
mod observe;
mod progress;
mod totals;
mod view;

use std::sync::Arc;

use jiff::Timestamp;

use crate::group::{Alone, Basis, Group};
use crate::groups::Groups;
use crate::pane::Sketching;
use crate::rules::{LatencyCounters, Rules};
use crate::state::{GroupKind, Totals};
use crate::transition::Transition;
use crate::units::{Offset, Span, Time, Window};
use crate::watermark::Watermark;
use coverage::Coverage;
use cursor::Cursor;
use progress::Progress;

pub use input::{Disposition, Input, Limits};
pub use view::{GroupView, RuleStatus, RuleView};

/// Stands for the last window judged of an expected service, until its partition has a watermark. [`Partition::begin`]
/// puts the first window in its place; all other groups are made after that.
const NOT_BEGUN: Window = Window(i64::MIN);

static NONE_ALONE: Alone = Alone::new();

/// The detection state of one input partition.
#[derive(Debug, Clone)]
pub struct Partition {
    partition: i32,
    rules: Arc<Rules>,
    limits: Limits,
    latency: LatencyCounters,
    sketching: Sketching,
    groups: Groups,
    watermark: Watermark,
    progress: Progress,
    cursor: Cursor,
    coverage: Coverage,
    totals: Totals,
    transitions: Vec<Transition>,
    /// Alerts of rules or groups that the rules file no longer makes.
    orphans: Vec<checkpoint::Orphan>,
    forgotten: checkpoint::Forgotten,
}

impl Partition {
    /// A partition that nothing is known of, to be read from `start_offset`.
    pub fn new(partition: i32, start_offset: i64, rules: Arc<Rules>, limits: Limits) -> Self {
        Self {
            partition,
            limits,
            latency: rules.latency_counters(),
            sketching: Sketching::new(),
            groups: Groups::new(rules.clone()),
            rules,
            watermark: Watermark::default(),
            progress: Progress::default(),
            cursor: Cursor::new(Offset(start_offset)),
            coverage: Coverage::default(),
            totals: Totals::default(),
            transitions: Vec::new(),
            orphans: Vec::new(),
            forgotten: checkpoint::Forgotten::default(),
        }
    }

    /// Watches for `service` though it may never send. To be said, after [`Self::new`] or [`Self::restore`], to the
    /// partition that the service's key belongs to. It is missed from two minutes after the partition's start; its
    /// group has the label `service` alone, and is done for good once the service has sent.
    pub fn expect(&mut self, service: &str) {
        if self.groups.service(service).is_some_and(|service| service.expected.is_some()) {
            return;
        }
        let labels = [("service".to_owned(), service.to_owned())].into();
        let judged = self.progress.judged.unwrap_or(NOT_BEGUN);
        let start = (self.cursor.next(), judged, judged.next_pane());
        let mut group = Group::new(GroupKind::Expected, labels, Vec::new(), start, &self.rules);
        group.seen = self.groups.service(service).is_some();
        self.groups.insert(group);
    }

    /// Wall-clock time moves the watermark. Only to be called while the partition is provably idle: everything there is
    /// was read, and the broker said so. The only input that is no record.
    pub fn advance_idle(&mut self, now: Timestamp) {
        if self.cursor.is_behind() {
            return;
        }
        let is_used = self.watermark.newest.is_some();
        if is_used || self.groups.iter().any(|group| group.kind == GroupKind::Expected) {
            self.cursor.drop_restored_floor();
            self.coverage.watch();
            self.catch_up(self.cursor.next());
            self.coverage.end_gap(self.rules.grid, Time::of(now));
            self.watermark.reach(Time::of(now));
            self.judge_due(self.cursor.next());
        }
    }

    /// Nobody watched since the restored state was taken; `end` is the offset that the partition ends at now. Where a
    /// record up to that one comes long after the one before it, the whole partition was silent meanwhile: that is a
    /// platform that was switched off and on again rather than every service at once, so the rules about arrival don't
    /// judge it. A partition that stays silent is moved by the clock instead, and a service that is missing where others
    /// sent leaves no such stretch: both are told.
    pub fn resume_unwatched(&mut self, end: i64) {
        self.coverage.unwatched_to = Offset(end);
    }

    /// The records from the next offset up to `until` are gone: they were deleted before they could be read. Windows
    /// that may miss one are judged by no rule.
    pub fn skip_lost(&mut self, until: i64) {
        if let Some(lost) = self.cursor.skip_lost(Offset(until)) {
            self.totals.lost += lost;
            self.coverage.gap = true;
        }
    }

    /// There is no record between the next offset and `until`, and there never was one to be read: a control record of a
    /// transaction, or what was aborted or compacted. Nothing is missing, so windows are judged as ever.
    pub fn skip_holes(&mut self, until: i64) {
        self.totals.holes += self.cursor.skip_holes(Offset(until));
    }

    /// The broker says that everything was read. `position` is the next offset, where that is known: control records may
    /// lie between the last record and the end.
    pub fn reach_end(&mut self, position: Option<i64>) {
        // What the restored state covers was there once, so the end is not before it.
        self.skip_holes(position.unwrap_or(self.cursor.next().0).max(self.cursor.next().0));
    }

    /// What began or ended since the last call, in the order of windows.
    pub fn take_transitions(&mut self) -> Vec<Transition> {
        let mut transitions = std::mem::take(&mut self.transitions);
        transitions.sort_by_cached_key(|transition| (transition.window_end, transition.fingerprint()));
        transitions
    }

    /// Event time up to which everything is taken to be here: the newest event minus lateness.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.watermark.newest.map(|newest| (newest - self.rules.lateness).timestamp())
    }

    /// End of the last window judged.
    pub fn judged_until(&self) -> Option<Timestamp> {
        self.progress.judged.map(|window| self.rules.grid.end(window).timestamp())
    }

    /// The next offset to read. After [`Self::restore`] that is the floor.
    pub fn position(&self) -> i64 {
        self.cursor.reading().0
    }

    /// The partition's number.
    pub fn number(&self) -> i32 {
        self.partition
    }

    /// What was counted.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Number of live groups, the overflow group and expected services among them.
    pub fn group_count(&self) -> usize {
        self.groups.count()
    }

    /// Oldest offset that a window after [`Self::judged_until`] still needs; the next offset where none is.
    pub fn floor(&self) -> i64 {
        self.cursor.floor().0
    }

    /// Judges what the watermark has passed. Records from `offset` on find it judged.
    fn judge_due(&mut self, offset: Offset) {
        let Some(newest) = self.watermark.newest else { return };
        let due = self.rules.grid.window_until(newest - self.rules.lateness);
        self.judge(due, offset);
    }

    fn judge(&mut self, to: Window, offset: Offset) {
        let Some(judged) = self.progress.judged else {
            self.begin(to, offset);
            return;
        };
        if to <= judged {
            return;
        }
        self.resolve_orphans(judged + 1);
        self.judge_totals(judged, to);
        let basis = self.basis();
        for slot in self.groups.slots() {
            let Some((group, unattributed)) = self.groups.with_unattributed(slot) else { continue };
            let judging = basis.judging(unattributed, &NONE_ALONE);
            if !group.judge(to, &judging, &mut self.transitions)
                && let Some(group) = self.groups.remove(slot)
            {
                self.forgotten.add(&group, &self.rules);
            }
        }
        self.forget_totals();
        self.totals.windows += (to - judged).unsigned_abs();
        self.progress.judged = Some(to);
        let needed = self.rules.grid.first_pane(to + 1);
        // Nothing counts further than a window ahead of what had been judged: see `arrival_pane`.
        self.progress.steps.push(offset, to, needed.window_before() - 1 - self.rules.grid.panes());
        self.groups.forget_unattributed_before(needed - 1);
        self.cursor.forget_firsts_before(needed);
    }

    /// Returns what judging needs to know of the partition, apart from it, so that its groups may change meanwhile.
    fn basis(&self) -> Basis {
        Basis {
            rules: Arc::clone(&self.rules),
            sketching: self.sketching.clone(),
            ttl: ttl(&self.rules, &self.limits),
            partial_until: self.coverage.partial_until,
            unwatched_until: self.coverage.unwatched_until,
        }
    }

    /// The first watermark: nothing before it was there to be judged.
    fn begin(&mut self, window: Window, offset: Offset) {
        self.progress.judged = Some(window);
        self.progress.begun_at = Some(offset);
        self.progress.steps.push(offset, window, NOT_BEGUN);
        for slot in self.groups.slots() {
            if let Some(group) = self.groups.get_mut(slot)
                && group.judged == NOT_BEGUN
            {
                group.judged = window;
                group.traffic.first_pane = window.next_pane();
            }
        }
    }

    /// Judges as far as a lost process had when it was at `offset`: its clock may have moved the watermark, and groups
    /// that were written down then have been judged already.
    fn catch_up(&mut self, offset: Offset) {
        while let Some(window) = self.progress.next_ahead(offset) {
            self.watermark.reach(self.rules.grid.end(window) + self.rules.lateness);
            self.judge_due(offset);
        }
    }
}

/// A group outlives the windows that it is part of.
fn ttl(rules: &Rules, limits: &Limits) -> Span {
    let ttl = i64::try_from(limits.group_ttl.as_millis()).unwrap_or(i64::MAX);
    Span(ttl).clamp(rules.grid.window(), Span(i64::MAX / 2))
}
