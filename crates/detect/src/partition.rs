//! The detection state of one input partition: records in by ascending offset, transitions out.
//!
//! The result depends only on the records and on the times at which the partition was reported idle. Each record is
//! processed in three steps: it advances the watermark; every window that the watermark has passed is evaluated; then
//! the record is counted in its pane, or found to be late. After a restart, the records from the floor on are replayed:
//! those that the restored state covers only fill panes ([`Disposition::Known`]), and are late if and only if they were
//! late the first time ([`Steps`]).

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

/// Placeholder for the last evaluated window of an expected service, until its partition has a watermark.
/// [`Partition::begin`] replaces it with the first window; all other groups are created after that.
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
    /// Alerts whose rule or group no longer exists in the rules file.
    orphans: Vec<checkpoint::Orphan>,
    forgotten: checkpoint::Forgotten,
}

impl Partition {
    /// Creates a partition without history, to be read from `start_offset`.
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

    /// Expects `service` even if it has never sent an event. Call this after [`Self::new`] or [`Self::restore`], on the
    /// partition that the service's key belongs to. The service is reported as missing from two window lengths after
    /// the partition's first watermark on. Its group has the label `service` alone, and is done for good once the
    /// service has sent an event.
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

    /// Advances the watermark to the wall-clock time `now`. Call this only while the partition is provably idle, that
    /// is, if the broker has confirmed that every record was read. It is the only input besides records.
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

    /// Declares that no processor was running since the restored state was taken; `end` is the current end offset of
    /// the partition. If a record before that offset comes long after the one before it, the whole partition was silent
    /// meanwhile. The likely cause is that the platform was switched off and on again, not that every service failed at
    /// once, so the rules about arrival don't evaluate that time. A partition that stays silent is advanced by the
    /// clock instead, and a missing service leaves no such gap where others send: both are still reported.
    pub fn resume_unwatched(&mut self, end: i64) {
        self.coverage.unwatched_to = Offset(end);
    }

    /// Skips the records from the next offset up to `until`, which were deleted before they could be read. Windows that
    /// may be missing one of them are not evaluated by any rule.
    pub fn skip_lost(&mut self, until: i64) {
        if let Some(lost) = self.cursor.skip_lost(Offset(until)) {
            self.totals.lost += lost;
            self.coverage.gap = true;
        }
    }

    /// Skips the offsets from the next one up to `until`, which never held a readable record: control records of
    /// transactions, aborted transactions or compaction. No record is missing, so windows are evaluated as usual.
    pub fn skip_holes(&mut self, until: i64) {
        self.totals.holes += self.cursor.skip_holes(Offset(until));
    }

    /// Handles the broker's confirmation that every record was read. `position` is the next offset if known: control
    /// records may lie between the last record and the end.
    pub fn reach_end(&mut self, position: Option<i64>) {
        // The records that the restored state covers did exist, so the end is not before them.
        self.skip_holes(position.unwrap_or(self.cursor.next().0).max(self.cursor.next().0));
    }

    /// Returns the alerts that started or ended since the last call, ordered by window.
    pub fn take_transitions(&mut self) -> Vec<Transition> {
        let mut transitions = std::mem::take(&mut self.transitions);
        transitions.sort_by_cached_key(|transition| (transition.window_end, transition.fingerprint()));
        transitions
    }

    /// Returns the event time up to which all events are assumed to have arrived: the newest event time minus lateness.
    pub fn watermark(&self) -> Option<Timestamp> {
        self.watermark.newest.map(|newest| (newest - self.rules.lateness).timestamp())
    }

    /// Returns the end of the last window evaluated.
    pub fn judged_until(&self) -> Option<Timestamp> {
        self.progress.judged.map(|window| self.rules.grid.end(window).timestamp())
    }

    /// Returns the next offset to read, which is the floor after [`Self::restore`].
    pub fn position(&self) -> i64 {
        self.cursor.reading().0
    }

    /// Returns the partition's number.
    pub fn number(&self) -> i32 {
        self.partition
    }

    /// Returns the record and window counts.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Returns the number of live groups, including the overflow group and expected services.
    pub fn group_count(&self) -> usize {
        self.groups.count()
    }

    /// Returns the oldest offset that a window after [`Self::judged_until`] still needs, or the next offset if there is
    /// none.
    pub fn floor(&self) -> i64 {
        self.cursor.floor().0
    }

    /// Evaluates the windows that the watermark has passed. For records from `offset` on they count as evaluated.
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
        // No record counts further ahead than one window after the last one evaluated, see `arrival_pane`.
        self.progress.steps.push(offset, to, needed.window_before() - 1 - self.rules.grid.panes());
        self.groups.forget_unattributed_before(needed - 1);
        self.cursor.forget_firsts_before(needed);
    }

    /// Returns the partition's data that evaluating a group needs, as a copy, so that groups can change meanwhile.
    fn basis(&self) -> Basis {
        Basis {
            rules: Arc::clone(&self.rules),
            sketching: self.sketching.clone(),
            ttl: ttl(&self.rules, &self.limits),
            partial_until: self.coverage.partial_until,
            unwatched_until: self.coverage.unwatched_until,
        }
    }

    /// Begins evaluation at the first watermark: there is no data for earlier windows.
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

    /// Evaluates as far as a lost process had when it was at `offset`. Its clock may have advanced the watermark, and
    /// the groups whose state it wrote then have been evaluated that far.
    fn catch_up(&mut self, offset: Offset) {
        while let Some(window) = self.progress.next_ahead(offset) {
            self.watermark.reach(self.rules.grid.end(window) + self.rules.lateness);
            self.judge_due(offset);
        }
    }
}

/// Returns the time to live of a group, which is at least the length of a window.
fn ttl(rules: &Rules, limits: &Limits) -> Span {
    let ttl = i64::try_from(limits.group_ttl.as_millis()).unwrap_or(i64::MAX);
    Span(ttl).clamp(rules.grid.window(), Span(i64::MAX / 2))
}
