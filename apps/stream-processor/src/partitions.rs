//! The partitions owned by this member: taken over with their state, fed record by record, and handed over with a
//! checkpoint.

mod offsets;
mod takeover;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tidewatch_contract::http::processor::DeadLetterStatus;
use tidewatch_contract::{REPLAY, Rejection, RequestView, check_time};
use tidewatch_detect::{Disposition, Input, Limits, Rules};
use tidewatch_kafka::{Commit, Committed, Ends, Incoming, KafkaError, Ownership, Producer, Reader};
use tidewatch_service::Condition;
use tokio::runtime::Handle;

use crate::checkpoint;
use crate::dead_letter::DeadLetter;
use crate::metrics::Metrics;
use crate::owned::Owned;
use offsets::ends_early;

const RECENT_DEAD_LETTERS: usize = 20;

/// The resources for taking over and feeding partitions.
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

/// The partitions owned by this member.
pub(crate) struct Partitions {
    tools: Tools,
    pub(crate) owned: BTreeMap<i32, Owned>,
    pub(crate) recent_dead_letters: VecDeque<DeadLetterStatus>,
}

impl Partitions {
    pub(crate) fn new(tools: Tools) -> Self {
        Self { tools, owned: BTreeMap::new(), recent_dead_letters: VecDeque::new() }
    }

    /// Returns whether there is a transition that no checkpoint covers yet, but one could.
    pub(crate) fn transition_waits(&self) -> bool {
        self.owned.values().any(|owned| owned.transition_waits())
    }

    /// Evaluates one record. [`Self::emit_all`] sends the alerts that it started or ended.
    pub(crate) fn process(&mut self, record: &Incoming<'_>, now: Instant) {
        let Some(owned) = self.owned.get_mut(&record.partition()) else { return };
        let (position, offset) = (owned.position(), record.offset());
        // After a pause the client may deliver records again that it had fetched before.
        if offset < position {
            return;
        }
        if offset > position {
            self.tools.metrics.hole_offsets.inc_by(owned.skip_holes(offset));
        }
        let (disposition, overflowed, rejection) = observe(owned, record, now);
        self.tools.metrics.events.of(disposition).inc();
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
            owned.bury(&self.tools.producer, letter, now);
        }
    }

    /// Processes acknowledgements and retries, and advances the watermark of idle partitions by the wall clock. Returns
    /// an error if a partition has to be taken over again.
    pub(crate) fn tick(&mut self, now: Instant, ends: impl Fn(i32) -> Option<Ends>) -> Result<(), KafkaError> {
        let ids: Vec<i32> = self.owned.keys().copied().collect();
        for id in ids {
            let Some(owned) = self.owned.get_mut(&id) else { continue };
            owned.tend(&self.tools.producer, now);
            let ends = ends(id);
            if let Some(ends) = ends
                && owned.hear(ends)
            {
                return Err(ends_early(id, ends.high, owned.position()));
            }
            owned.advance_if_idle(now, ends);
            self.tools.metrics.windows.inc_by(owned.take_windows());
            if let Some(ends) = ends {
                self.tools.metrics.lag.set(id, owned.read_up_to(), (ends.low, ends.high));
            }
            self.emit(id, now);
        }
        Ok(())
    }

    /// Writes the changes since the last checkpoint, and returns the offsets that may be committed.
    pub(crate) fn checkpoint(&mut self, only: Option<&[i32]>) -> Result<Vec<Commit>, KafkaError> {
        // The state after a window must not be written before the alerts that the window started or ended.
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

    /// Sends the alerts that the records so far started or ended.
    pub(crate) fn emit_all(&mut self, now: Instant) {
        let ids: Vec<i32> = self.owned.keys().copied().collect();
        for id in ids {
            self.emit(id, now);
        }
    }

    fn emit(&mut self, partition: i32, now: Instant) {
        let Some(owned) = self.owned.get_mut(&partition) else { return };
        for (alert, is_new) in owned.take_alerts() {
            if !is_new {
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
            owned.send_alert(&self.tools.producer, alert, now);
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
        tracing::info!(partitions = ?starts.iter().map(|(id, _)| id).collect::<Vec<_>>(), "partitions assigned");
        self.tools.assigned.met();
        Ok(starts)
    }

    fn revoked(&mut self, partitions: &[i32], commit: &dyn Fn(&[Commit]) -> Result<(), KafkaError>) {
        let handed_over = self.checkpoint(Some(partitions)).and_then(|commits| match commits.as_slice() {
            [] => Ok(()),
            commits => commit(commits),
        });
        if let Err(error) = handed_over {
            tracing::warn!(
                ?partitions,
                %error,
                "handed over without a final checkpoint; the next owner evaluates again from the previous one"
            );
        }
        self.lost(partitions);
    }

    fn lost(&mut self, partitions: &[i32]) {
        tracing::info!(?partitions, "partitions revoked");
        for id in partitions {
            self.owned.remove(id);
            self.tools.metrics.lag.forget(*id);
        }
        if self.owned.is_empty() {
            self.tools.assigned.unmet("no partitions assigned");
        }
    }
}

/// Passes a record to its partition's detector. Also returns how many events overflowed, and the reason if the record
/// was rejected.
fn observe(owned: &mut Owned, record: &Incoming<'_>, now: Instant) -> (Disposition, u64, Option<Rejection>) {
    let appended = record.appended();
    let service = || record.key().and_then(|key| std::str::from_utf8(key).ok());
    let (input, rejection) = match RequestView::parse(record.payload()) {
        Ok(event) => match check_time(event.timestamp, appended.of(Some(event.timestamp))) {
            Ok(()) => (Input::Event { event, replay: record.header(REPLAY.0) == Some(REPLAY.1) }, None),
            Err(rejection) => (Input::Rejected { service: service(), event: Some(event) }, Some(rejection)),
        },
        Err(rejection) => (Input::Rejected { service: service(), event: None }, Some(rejection)),
    };
    let (disposition, overflowed) = owned.observe(record.offset(), appended, input, now);
    (disposition, overflowed, rejection)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus::Registry;
    use tidewatch_kafka::KafkaArgs;
    use tidewatch_service::Health;

    use super::*;

    #[test]
    fn a_rebalance_without_new_partitions_queries_no_broker() {
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
        assert!(start.elapsed() < Duration::from_secs(4), "a takeover would query the broker and wait for 5 s");
    }
}
