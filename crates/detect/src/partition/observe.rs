//! Processing of a single record.

use std::collections::BTreeMap;

use tidewatch_contract::{Appended, RequestView};

use super::{Disposition, Input, NOT_BEGUN, Partition};
use crate::group::Group;
use crate::state::GroupKind;
use crate::units::{Offset, Pane, Time, Window};

impl Partition {
    /// Processes one record; records come by ascending offset. `appended` is its append time. Advances the watermark
    /// and evaluates every window that became due. The cost doesn't grow with the number of events in the windows.
    pub fn observe(&mut self, offset: i64, appended: impl Into<Appended>, input: Input<'_>) -> Disposition {
        let (offset, appended) = (Offset(offset), appended.into());
        let is_known = offset < self.cursor.next();
        let appended_at = Time::of(appended.of(input.event().map(|event| event.timestamp)));
        self.cursor.read(offset);
        self.coverage.end_gap(self.rules.grid, appended_at);
        if !is_known {
            self.cursor.drop_restored_floor();
            self.catch_up(offset);
            let mut event_at = believable_ms(&input, appended_at).map(|event_at| event_at.min(appended_at));
            if let (Appended::ByProducer { read_at, .. }, Some(event)) = (appended, input.event()) {
                let (sender, said_at) = ((&*event.service, &*event.region), Time::of(event.timestamp));
                let watermark = &mut self.watermark;
                event_at = event_at.filter(|at| watermark.is_borne_out(*at, sender, said_at, Time::of(read_at)));
            }
            self.coverage.mark_unwatched(self.rules.grid, offset, self.watermark.newest, event_at);
            self.watermark.observe(event_at, appended_at);
            self.judge_due(offset);
            self.cursor.take(offset);
        }
        self.cursor.settle();
        let record = Record { offset, appended_at, is_known, judged: self.judged_for(offset, is_known) };
        let disposition = match input {
            Input::Event { event, replay } => self.count_event(&record, &event, replay),
            Input::Rejected { event: Some(event), .. } => {
                self.count_misdated(&record, &event, false);
                Disposition::DeadLettered
            }
            Input::Rejected { service, event: None } => {
                self.count_malformed(&record, service);
                Disposition::DeadLettered
            }
        };
        if is_known {
            return Disposition::Known;
        }
        match disposition {
            Disposition::Windowed => self.totals.windowed += 1,
            Disposition::Late => self.totals.late += 1,
            Disposition::DeadLettered => self.totals.dead_lettered += 1,
            Disposition::Known => {}
        }
        disposition
    }

    fn judged_for(&self, offset: Offset, is_known: bool) -> Option<Window> {
        if is_known { self.progress.steps.judged_at(offset) } else { self.progress.judged }
    }

    fn count_event(&mut self, record: &Record, event: &RequestView<'_>, replay: bool) -> Disposition {
        let pane = self.rules.grid.pane_of(Time::of(event.timestamp));
        if record.judged.is_some_and(|judged| pane < judged.next_pane()) {
            self.count_misdated(record, event, replay);
            return Disposition::Late;
        }
        if self.takes(record, pane) {
            let slot = self.group_for(record, event, pane);
            if let Some(group) = slot.and_then(|slot| self.groups.get_mut(slot)) {
                let pane = group.panes.pane(pane);
                pane.count(event, &self.latency, &self.rules.filters, &self.sketching);
                pane.counts.replayed |= replay;
            }
        }
        Disposition::Windowed
    }

    /// Counts an event with a wrong time as arrived at its append time, in a window that is still to be evaluated.
    fn count_misdated(&mut self, record: &Record, event: &RequestView<'_>, replay: bool) {
        let Some(pane) = self.arrival_pane(record) else { return };
        if self.takes(record, pane) {
            let slot = self.group_for(record, event, pane);
            if let Some(group) = slot.and_then(|slot| self.groups.get_mut(slot)) {
                let counts = &mut group.panes.pane(pane).counts;
                counts.misdated += 1;
                counts.replayed |= replay;
            }
        }
    }

    fn count_malformed(&mut self, record: &Record, service: Option<&str>) {
        let Some(service) = service else { return };
        let Some(expected) = self.groups.service(service).map(|known| known.expected) else { return };
        if let Some(slot) = expected {
            self.saw(record, slot);
        }
        if let Some(pane) = self.arrival_pane(record)
            && self.takes(record, pane)
            && let Some(known) = self.groups.service(service)
        {
            known.unattributed.pane(pane).counts.events += 1;
        }
    }

    /// Returns the pane for a record that can only be counted as arrived: that of its append time, but in a window that
    /// is still to be evaluated, and at most one window ahead, so that little has to be replayed after a restart even
    /// if event time is hours behind. `None` if no window had been evaluated yet, or too long ago to matter.
    fn arrival_pane(&self, record: &Record) -> Option<Pane> {
        let needed = record.judged?.next_pane();
        Some(self.rules.grid.pane_of(record.appended_at).clamp(needed, needed + self.rules.grid.panes()))
    }

    /// Returns whether a coming window needs the pane, and if so stores the first offset in it.
    fn takes(&mut self, record: &Record, pane: Pane) -> bool {
        let (Some(judged), Some(begun_at)) = (self.progress.judged, self.progress.begun_at) else { return false };
        if record.offset < begun_at || pane < self.rules.grid.first_pane(judged + 1) {
            return false;
        }
        self.cursor.keep_first(pane, record.offset);
        true
    }

    /// Returns the slot of the group that the event counts in; `None` if the record is replayed and its group is gone.
    fn group_for(&mut self, record: &Record, event: &RequestView<'_>, pane: Pane) -> Option<usize> {
        let slot = match self.groups.find(event) {
            Some(slot) if self.groups.get(slot).is_some_and(|group| group.start_offset <= record.offset) => slot,
            _ if record.is_known => return self.groups.overflow(),
            Some(_) => self.overflow_group(record, pane),
            None => self.new_group(record, event, pane),
        };
        if !record.is_known {
            if let Some(group) = self.groups.get_mut(slot) {
                group.last_arrival = group.last_arrival.max(pane);
                group.dirty = true;
            }
            if let Some(expected) = self.groups.expected_beside(slot) {
                self.saw(record, expected);
            }
        }
        Some(slot)
    }

    fn new_group(&mut self, record: &Record, event: &RequestView<'_>, pane: Pane) -> usize {
        let is_full = self.groups.plain_count() >= self.limits.max_groups;
        let Some(values) = self.groups.values_of(event).filter(|_| !is_full) else {
            return self.overflow_group(record, pane);
        };
        let labels = self.rules.labels(values.iter().map(|value| &**value));
        let start_offset = self.forgotten.start_of(&labels).unwrap_or(record.offset);
        let start = (start_offset, self.progress.judged.unwrap_or(NOT_BEGUN), pane);
        self.groups.insert(Group::new(GroupKind::Plain, labels, values, start, &self.rules))
    }

    fn overflow_group(&mut self, record: &Record, pane: Pane) -> usize {
        self.totals.overflowed += 1;
        if let Some(slot) = self.groups.overflow() {
            return slot;
        }
        let partition = self.partition.to_string();
        let labels: BTreeMap<String, String> =
            [("service".to_owned(), "(overflow)".to_owned()), ("partition".to_owned(), partition)].into();
        let start = (record.offset, self.progress.judged.unwrap_or(NOT_BEGUN), pane);
        self.groups.insert(Group::new(GroupKind::Overflow, labels, Vec::new(), start, &self.rules))
    }

    fn saw(&mut self, record: &Record, expected: usize) {
        if let Some(group) = self.groups.get_mut(expected)
            && !record.is_known
            && !group.seen
        {
            group.seen = true;
            group.dirty = true;
        }
    }
}

impl<'a> Input<'a> {
    /// Returns the event, even if its time is wrong.
    fn event(&self) -> Option<&RequestView<'a>> {
        match self {
            Self::Event { event, .. } => Some(event),
            Self::Rejected { event, .. } => event.as_ref(),
        }
    }
}

struct Record {
    offset: Offset,
    appended_at: Time,
    is_known: bool,
    /// The last window evaluated when the record was first read.
    judged: Option<Window>,
}

/// Returns the record's own time if it may advance the watermark. The caller caps it at the append time.
fn believable_ms(input: &Input<'_>, appended_at: Time) -> Option<Time> {
    match input {
        Input::Event { event, .. } => Some(Time::of(event.timestamp)),
        Input::Rejected { event: Some(event), .. } => {
            Some(Time::of(event.timestamp)).filter(|&event_at| event_at > appended_at)
        }
        Input::Rejected { event: None, .. } => None,
    }
}
