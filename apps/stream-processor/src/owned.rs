//! A partition owned by this member: its detector and its messages in flight.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use jiff::Timestamp;
use tidewatch_contract::{AlertEvent, Appended, Event};
use tidewatch_detect::{Disposition, Input, Partition, PartitionState};
use tidewatch_kafka::topics::ALERTS_FIRED;
use tidewatch_kafka::{Ends, Message, Producer};

use crate::dead_letter::DeadLetter;
use crate::idle::IdleClock;
use crate::outbox::{Outbox, Outgoing};
use crate::state::StateRecord;

/// With more dead letters than this in flight, or more bytes, a partition waits.
const STUCK_DEAD_LETTERS: usize = 10_000;
const STUCK_BYTES: usize = 32 * 1024 * 1024;

/// A transition on its way to `alerts.fired`.
struct AlertMessage {
    fingerprint: String,
    payload: Vec<u8>,
}

impl Outgoing for AlertMessage {
    fn with_message<T>(&self, write: impl FnOnce(Message<'_>) -> T) -> T {
        write(Message::event::<AlertEvent>(ALERTS_FIRED.name, &self.fingerprint, &self.payload))
    }

    /// The end of an alert must not overtake its start.
    fn sequence(&self) -> Option<&str> {
        Some(&self.fingerprint)
    }

    fn size(&self) -> usize {
        self.payload.len()
    }
}

impl Outgoing for DeadLetter {
    fn with_message<T>(&self, write: impl FnOnce(Message<'_>) -> T) -> T {
        DeadLetter::with_message(self, write)
    }

    fn make_acceptable(&mut self) {
        self.truncate();
    }

    fn size(&self) -> usize {
        DeadLetter::size(self)
    }
}

/// A partition's detector, its outboxes, and the state that is not acknowledged yet.
pub(crate) struct Owned {
    detector: Partition,
    generation: i64,
    /// State records not acknowledged yet, by key.
    unsaved: BTreeMap<String, StateRecord>,
    dead_letters: Outbox<DeadLetter>,
    alerts: Outbox<AlertMessage>,
    idle: IdleClock,
    /// Transitions that an earlier owner wrote after its last checkpoint.
    already_written: HashSet<String>,
    saved_at: (i64, Option<Timestamp>),
    transition: bool,
    windows_reported: u64,
    paused: bool,
}

impl Owned {
    /// Takes over a partition whose detector is restored.
    pub(crate) fn new(
        detector: Partition,
        generation: i64,
        unsaved: BTreeMap<String, StateRecord>,
        already_written: HashSet<String>,
    ) -> Self {
        Self {
            saved_at: (detector.position(), detector.judged_until()),
            windows_reported: detector.totals().windows,
            detector,
            generation,
            unsaved,
            dead_letters: Outbox::default(),
            alerts: Outbox::default(),
            idle: IdleClock::new(Instant::now()),
            already_written,
            transition: false,
            paused: false,
        }
    }

    pub(crate) fn detector(&self) -> &Partition {
        &self.detector
    }

    /// Returns the next offset to read.
    pub(crate) fn position(&self) -> i64 {
        self.detector.position()
    }

    /// Returns the generation, which increases each time the partition changes its owner.
    pub(crate) fn generation(&self) -> i64 {
        self.generation
    }

    /// Returns whether every alert and dead letter is acknowledged, as a checkpoint requires.
    pub(crate) fn is_settled(&self) -> bool {
        self.alerts.is_empty() && self.dead_letters.is_empty()
    }

    /// Returns whether alerts or dead letters can't be written.
    pub(crate) fn is_held_up(&self) -> bool {
        self.alerts.trouble().is_some() || self.dead_letters.trouble().is_some()
    }

    /// Returns why alerts can't be written, if so.
    pub(crate) fn alerts_trouble(&self) -> Option<&str> {
        self.alerts.trouble()
    }

    /// Returns whether a transition is waiting for a checkpoint that could be written now.
    pub(crate) fn transition_waits(&self) -> bool {
        self.transition && self.is_settled()
    }

    /// Returns whether a checkpoint would write anything new.
    pub(crate) fn has_news(&self) -> bool {
        !self.unsaved.is_empty() || self.saved_at != (self.detector.position(), self.detector.judged_until())
    }

    /// Collects the groups that changed, and returns the partition's own state at the same moment.
    pub(crate) fn take_state(&mut self) -> PartitionState {
        for (key, group) in self.detector.take_dirty_groups() {
            self.unsaved.insert(key.clone(), StateRecord::group(key, group.as_ref()));
        }
        self.detector.state()
    }

    /// Calls `write` with each unacknowledged state record, and with the partition's own state last.
    pub(crate) fn write_state<T, E>(
        &self,
        state: &PartitionState,
        mut write: impl FnMut(Message<'_>) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let own = StateRecord::partition(state);
        let (partition, generation) = (self.detector.number(), self.generation);
        let records = self.unsaved.values().chain([&own]);
        records.map(|record| record.with_message(partition, generation, &mut write)).collect()
    }

    /// Marks the current state as acknowledged.
    pub(crate) fn saved(&mut self) {
        self.unsaved.clear();
        self.saved_at = (self.detector.position(), self.detector.judged_until());
        self.transition = false;
    }

    /// Passes a record that was read at `now` to the detector. Also returns how many events overflowed.
    pub(crate) fn observe(
        &mut self,
        offset: i64,
        appended: Appended,
        input: Input<'_>,
        now: Instant,
    ) -> (Disposition, u64) {
        self.idle.read(now);
        let before = self.detector.totals().overflowed;
        let disposition = self.detector.observe(offset, appended, input);
        (disposition, self.detector.totals().overflowed - before)
    }

    /// Skips the offsets before `until`, which hold no records, and returns how many holes were counted.
    pub(crate) fn skip_holes(&mut self, until: i64) -> u64 {
        let before = self.detector.totals().holes;
        self.detector.skip_holes(until);
        self.detector.totals().holes - before
    }

    /// Handles the client's report at `now` that every record was read, and returns how many holes were counted.
    pub(crate) fn reach_end(&mut self, position: Option<i64>, now: Instant) -> u64 {
        let before = self.detector.totals().holes;
        self.detector.reach_end(position);
        self.idle.reach_end(now);
        self.detector.totals().holes - before
    }

    /// Continues at `low`, the oldest offset that still exists. Returns how many records were lost without having been
    /// read.
    pub(crate) fn skip_lost(&mut self, low: i64) -> u64 {
        let before = self.detector.totals().lost;
        self.detector.skip_lost(low);
        self.idle.leave_end();
        self.detector.totals().lost - before
    }

    /// Takes the broker's latest answer. Returns whether the partition ends before the position already read.
    pub(crate) fn hear(&mut self, ends: Ends) -> bool {
        self.idle.hear(ends);
        ends.high < self.position() && self.idle.is_quiet(ends)
    }

    /// Advances the watermark by the wall clock if the partition is idle.
    pub(crate) fn advance_if_idle(&mut self, now: Instant, ends: Option<Ends>) {
        if self.idle.is_idle(now, ends) {
            self.detector.advance_idle(Timestamp::now());
        }
    }

    /// Returns how many windows were evaluated since the last call.
    pub(crate) fn take_windows(&mut self) -> u64 {
        let windows = self.detector.totals().windows;
        windows - std::mem::replace(&mut self.windows_reported, windows)
    }

    /// Returns the alerts that started or ended since the last call, each with whether it is new: an earlier owner may
    /// have written it already.
    pub(crate) fn take_alerts(&mut self) -> Vec<(AlertEvent, bool)> {
        let transitions = self.detector.take_transitions();
        self.transition |= !transitions.is_empty();
        let (partition, generation) = (self.detector.number(), self.generation);
        let events =
            transitions.into_iter().map(|transition| transition.into_event(partition, generation, Timestamp::now()));
        events
            .map(|alert| {
                let is_new = !self.already_written.remove(&alert.id);
                (alert, is_new)
            })
            .collect()
    }

    pub(crate) fn send_alert(&mut self, producer: &Producer, alert: AlertEvent, now: Instant) {
        let message = AlertMessage { payload: alert.to_json(), fingerprint: alert.fingerprint };
        self.alerts.push(producer, message, now);
    }

    pub(crate) fn bury(&mut self, producer: &Producer, letter: DeadLetter, now: Instant) {
        self.dead_letters.push(producer, letter, now);
    }

    /// Returns the reason why no more records must be fetched for now, if there is one.
    pub(crate) fn must_wait(&self) -> Option<&str> {
        let is_stuck = self.dead_letters.len() > STUCK_DEAD_LETTERS || self.dead_letters.size() > STUCK_BYTES;
        self.dead_letters
            .trouble()
            .or(is_stuck.then_some("the broker accepts dead letters more slowly than they arrive"))
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Marks the partition as paused. Returns false if it was already paused.
    pub(crate) fn pause(&mut self) -> bool {
        self.idle.leave_end();
        !std::mem::replace(&mut self.paused, true)
    }

    /// Ends a pause once all dead letters are acknowledged, and returns where to continue reading.
    pub(crate) fn resume(&mut self) -> Option<i64> {
        let may_resume = self.paused && self.dead_letters.is_empty();
        may_resume.then(|| {
            self.paused = false;
            self.position()
        })
    }

    /// Returns the offset up to which everything is read.
    pub(crate) fn read_up_to(&self) -> i64 {
        self.idle.read_up_to(self.detector.position())
    }

    /// Processes acknowledgements and retries.
    pub(crate) fn tend(&mut self, producer: &Producer, now: Instant) {
        self.alerts.tend(producer, now);
        self.dead_letters.tend(producer, now);
    }
}
