//! The partitions that this member owns: taken over with their state, fed record by record, handed over checkpointed.

mod offsets;
mod takeover;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tidewatch_contract::http::processor::DeadLetterStatus;
use tidewatch_contract::{AlertEvent, Event, Rejection, RequestView, check_time};
use tidewatch_detect::{Disposition, Input, Limits, Partition, Rules};
use tidewatch_kafka::topics::ALERTS_FIRED;
use tidewatch_kafka::{Commit, Committed, Ends, Incoming, KafkaError, Message, Ownership, Producer, Reader};
use tidewatch_service::Condition;
use tokio::runtime::Handle;

use crate::checkpoint;
use crate::dead_letter::DeadLetter;
use crate::idle::IdleClock;
use crate::metrics::Metrics;
use crate::outbox::{Outbox, Outgoing};
use crate::state::StateRecord;
use offsets::{count_holes, ends_early};

const RECENT_DEAD_LETTERS: usize = 20;

/// A transition on its way to `alerts.fired`.
pub(crate) struct AlertMessage {
    fingerprint: String,
    payload: Vec<u8>,
}

impl Outgoing for AlertMessage {
    fn with_message<T>(&self, write: impl FnOnce(Message<'_>) -> T) -> T {
        write(Message::event::<AlertEvent>(ALERTS_FIRED.name, &self.fingerprint, &self.payload))
    }

    /// An alert's end must not overtake its beginning.
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

/// All that belongs to one partition.
pub(crate) struct Owned {
    pub(crate) detector: Partition,
    pub(crate) generation: i64,
    /// State not acknowledged yet, by its key.
    pub(crate) unsaved: BTreeMap<String, StateRecord>,
    pub(crate) dead_letters: Outbox<DeadLetter>,
    pub(crate) alerts: Outbox<AlertMessage>,
    idle: IdleClock,
    /// Transitions that an earlier owner wrote after its last checkpoint.
    already_written: HashSet<String>,
    saved_at: (i64, Option<Timestamp>),
    transition: bool,
    windows_reported: u64,
    pub(crate) paused: bool,
}

impl Owned {
    /// Whether everything that a checkpoint must not pass is acknowledged.
    pub(crate) fn is_settled(&self) -> bool {
        self.alerts.is_empty() && self.dead_letters.is_empty()
    }

    /// Whether some of that does not get through.
    pub(crate) fn is_held_up(&self) -> bool {
        self.alerts.trouble().is_some() || self.dead_letters.trouble().is_some()
    }

    /// Whether a checkpoint would say anything new.
    pub(crate) fn has_news(&self) -> bool {
        !self.unsaved.is_empty() || self.saved_at != (self.detector.position(), self.detector.judged_until())
    }

    /// The state as it stands is acknowledged.
    pub(crate) fn saved(&mut self) {
        self.unsaved.clear();
        self.saved_at = (self.detector.position(), self.detector.judged_until());
        self.transition = false;
    }

    /// Its records are not fetched for now.
    pub(crate) fn pause(&mut self) {
        self.paused = true;
        self.idle.leave_end();
    }

    /// Up to where everything is read.
    pub(crate) fn read_up_to(&self) -> i64 {
        self.idle.read_up_to(self.detector.position())
    }

    /// Looks after what is under way.
    pub(crate) fn tend(&mut self, producer: &Producer, now: Instant) {
        self.alerts.tend(producer, now);
        self.dead_letters.tend(producer, now);
    }
}

/// What taking over and feeding partitions needs.
pub(crate) struct Tools {
    pub(crate) group: String,
    pub(crate) rules: Arc<Rules>,
    pub(crate) limits: Limits,
    pub(crate) producer: Producer,
    pub(crate) reader: Reader,
    pub(crate) runtime: Handle,
    pub(crate) metrics: Metrics,
    pub(crate) assigned: Condition,
}

/// The partitions that this member owns.
pub(crate) struct Partitions {
    tools: Tools,
    pub(crate) owned: BTreeMap<i32, Owned>,
    pub(crate) recent_dead_letters: VecDeque<DeadLetterStatus>,
}

impl Partitions {
    pub(crate) fn new(tools: Tools) -> Self {
        Self { tools, owned: BTreeMap::new(), recent_dead_letters: VecDeque::new() }
    }

    /// Whether there is a transition that no checkpoint covers yet, but one could.
    pub(crate) fn transition_waits(&self) -> bool {
        self.owned.values().any(|owned| owned.transition && owned.is_settled())
    }

    /// Judges one record. [`Self::emit_all`] sends the alerts that began or ended with it.
    pub(crate) fn process(&mut self, record: &Incoming<'_>, now: Instant) {
        let Some(owned) = self.owned.get_mut(&record.partition()) else { return };
        let (position, offset) = (owned.detector.position(), record.offset());
        // After a pause the client may deliver again what it had fetched before.
        if offset < position {
            return;
        }
        if offset > position {
            count_holes(&self.tools.metrics, &mut owned.detector, |detector| detector.skip_holes(offset));
        }
        owned.idle.read(now);
        let before = owned.detector.totals().overflowed;
        let (disposition, rejection) = observe(&mut owned.detector, record);
        self.tools.metrics.events.of(disposition).inc();
        let overflowed = owned.detector.totals().overflowed - before;
        if overflowed > 0 {
            self.tools.metrics.overflowed.inc_by(overflowed);
        }
        if let (Disposition::DeadLettered, Some(rejection)) = (disposition, rejection) {
            self.bury(record, &rejection, now);
        }
    }

    fn bury(&mut self, record: &Incoming<'_>, rejection: &Rejection, now: Instant) {
        self.tools.metrics.dead_letters.with_label_values(&[rejection.code()]).inc();
        self.recent_dead_letters.truncate(RECENT_DEAD_LETTERS - 1);
        self.recent_dead_letters.push_front(DeadLetterStatus {
            reason: rejection.code().into(),
            detail: rejection.to_string(),
            partition: record.partition(),
            offset: record.offset(),
            at: Timestamp::now(),
        });
        let letter = DeadLetter::new(record.to_record(), rejection, &self.tools.group);
        if let Some(owned) = self.owned.get_mut(&record.partition()) {
            owned.dead_letters.push(&self.tools.producer, letter, now);
        }
    }

    /// Looks after what is under way, and lets the wall clock move the watermark of partitions that are idle. An error
    /// says that a partition has to be taken over anew.
    pub(crate) fn tick(&mut self, now: Instant, ends: impl Fn(i32) -> Option<Ends>) -> Result<(), KafkaError> {
        let ids: Vec<i32> = self.owned.keys().copied().collect();
        for id in ids {
            let Some(owned) = self.owned.get_mut(&id) else { continue };
            owned.tend(&self.tools.producer, now);
            let ends = ends(id);
            let position = owned.detector.position();
            if let Some(ends) = ends {
                owned.idle.hear(ends);
                if ends.high < position && owned.idle.is_quiet(ends) {
                    return Err(ends_early(id, ends.high, position));
                }
            }
            if owned.idle.is_idle(now, ends) {
                owned.detector.advance_idle(Timestamp::now());
            }
            let windows = owned.detector.totals().windows;
            self.tools.metrics.windows.inc_by(windows - owned.windows_reported);
            owned.windows_reported = windows;
            if let Some(ends) = ends {
                self.tools.metrics.lag.set(id, owned.read_up_to(), (ends.low, ends.high));
            }
            self.emit(id, now);
        }
        Ok(())
    }

    /// Writes what has changed since the last checkpoint, and returns what may be committed.
    pub(crate) fn checkpoint(&mut self, only: Option<&[i32]>) -> Result<Vec<Commit>, KafkaError> {
        // A state that has judged a window must not be written before what the window's verdict began or ended.
        self.emit_all(Instant::now());
        let wanted = |id: &i32| only.is_none_or(|only| only.contains(id));
        let mut partitions: BTreeMap<i32, &mut Owned> =
            self.owned.iter_mut().filter(|(id, _)| wanted(id)).map(|(id, owned)| (*id, owned)).collect();
        let timer = self.tools.metrics.checkpoint_seconds.start_timer();
        let result = checkpoint::write(&self.tools.producer, &mut partitions);
        timer.observe_duration();
        let label = if result.is_ok() { "ok" } else { "failed" };
        self.tools.metrics.checkpoints.with_label_values(&[label]).inc();
        result
    }

    /// Writes what began or ended by the records so far.
    pub(crate) fn emit_all(&mut self, now: Instant) {
        let ids: Vec<i32> = self.owned.keys().copied().collect();
        for id in ids {
            self.emit(id, now);
        }
    }

    fn emit(&mut self, partition: i32, now: Instant) {
        let Some(owned) = self.owned.get_mut(&partition) else { return };
        for transition in owned.detector.take_transitions() {
            owned.transition = true;
            let alert = transition.into_event(partition, owned.generation, Timestamp::now());
            if owned.already_written.remove(&alert.id) {
                self.tools.metrics.suppressed.inc();
                continue;
            }
            self.tools.metrics.alerts.with_label_values(&[&alert.rule, alert.state.as_str()]).inc();
            tracing::info!(
                rule = alert.rule,
                state = alert.state.as_str(),
                fingerprint = alert.fingerprint,
                "{}",
                alert.summary
            );
            let message = AlertMessage { payload: alert.to_json(), fingerprint: alert.fingerprint };
            owned.alerts.push(&self.tools.producer, message, now);
        }
    }
}

impl Ownership for Partitions {
    fn assigned(&mut self, partitions: Vec<Committed>) -> Result<Vec<(i32, i64)>, KafkaError> {
        if partitions.is_empty() {
            self.tools.assigned.met();
            return Ok(Vec::new());
        }
        let starts = self.take_over(&partitions)?;
        tracing::info!(partitions = ?starts.iter().map(|(id, _)| id).collect::<Vec<_>>(), "partitions are assigned");
        self.tools.assigned.met();
        Ok(starts)
    }

    fn revoked(&mut self, partitions: &[i32], commit: &dyn Fn(&[Commit]) -> Result<(), KafkaError>) {
        let handed_over = self.checkpoint(Some(partitions)).and_then(|commits| match commits.as_slice() {
            [] => Ok(()),
            commits => commit(commits),
        });
        if let Err(error) = handed_over {
            tracing::warn!(?partitions, %error, "handed over without a last checkpoint: the next owner judges again from the one before");
        }
        self.lost(partitions);
    }

    fn lost(&mut self, partitions: &[i32]) {
        tracing::info!(?partitions, "partitions are gone");
        for id in partitions {
            self.owned.remove(id);
            self.tools.metrics.lag.forget(*id);
        }
        if self.owned.is_empty() {
            self.tools.assigned.unmet("no partitions assigned");
        }
    }
}

/// Feeds a record to its partition's detector. Also returns why it was refused, if it was.
fn observe(detector: &mut Partition, record: &Incoming<'_>) -> (Disposition, Option<Rejection>) {
    let appended = record.appended();
    let service = || record.key().and_then(|key| std::str::from_utf8(key).ok());
    let (input, rejection) = match RequestView::parse(record.payload()) {
        Ok(event) => match check_time(event.timestamp, appended.of(Some(event.timestamp))) {
            Ok(()) => (Input::Event { event, replay: record.header("source") == Some(b"replay") }, None),
            Err(rejection) => (Input::Rejected { service: service(), event: Some(event) }, Some(rejection)),
        },
        Err(rejection) => (Input::Rejected { service: service(), event: None }, Some(rejection)),
    };
    (detector.observe(record.offset(), appended, input), rejection)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus::Registry;
    use tidewatch_kafka::KafkaArgs;
    use tidewatch_service::Health;

    use super::*;

    #[test]
    fn a_rebalance_that_brings_no_partition_asks_nobody_anything() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _entered = runtime.enter();
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let kafka = KafkaArgs::new(nobody.to_string());
        let (rules, health) = (Arc::new(Rules::builtin()), Health::new());
        let mut partitions = Partitions::new(Tools {
            group: "test".into(),
            metrics: Metrics::register(&Registry::new(), &rules).unwrap(),
            rules,
            limits: Limits::default(),
            producer: Producer::new(&kafka, "test").unwrap(),
            reader: Reader::new(&kafka, "test").unwrap(),
            runtime: runtime.handle().clone(),
            assigned: health.require("partitions"),
        });
        let start = Instant::now();
        assert_eq!(partitions.assigned(Vec::new()).unwrap(), []);
        assert!(start.elapsed() < Duration::from_secs(4), "a takeover asks the broker, and waits for 5 s");
    }
}
