//! Connects the state to Kafka and to the receivers until shutdown.
use crate::{
    delivery::{Outcome, Receiver, Refusal},
    metrics::Metrics,
    rebuild::{observe, rebuild},
    state::{Kind, Machine, Now},
};
use anyhow::Context;
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tidewatch_kafka::{KafkaError, Reader, topics::ALERTS_FIRED};
use tidewatch_service::{Condition, RUN_DRAIN, Shutdown};
use tokio::{task::JoinSet, time::MissedTickBehavior};

/// How often pauses and intervals are checked for their end.
const TICK: Duration = Duration::from_millis(200);
/// The relay is ready if the broker answered within this time.
const REACHED_WITHIN: Duration = Duration::from_secs(10);
/// How often the broker is asked for the end offsets of `alerts.fired`.
const MEASURE: Duration = Duration::from_secs(5);
/// Average pause between attempts to start. The requests to the broker in each attempt take up to 5 s themselves.
const RETRY: Duration = Duration::from_secs(1);
/// Time limit for the last commit.
const LAST_COMMIT: Duration = Duration::from_secs(2);
/// Time for requests in flight: what the last commit leaves, and a second to spare.
const DRAIN: Duration = RUN_DRAIN.saturating_sub(LAST_COMMIT).saturating_sub(Duration::from_secs(1));

type Ends = Result<BTreeMap<i32, (i64, i64)>, KafkaError>;
type Committed = (BTreeMap<i32, i64>, Result<(), KafkaError>);

/// The dependencies of the loop.
pub(crate) struct Relay {
    pub(crate) reader: Reader,
    pub(crate) receivers: Vec<Receiver>,
    pub(crate) metrics: Metrics,
    pub(crate) kafka: Condition,
    pub(crate) delivery: Condition,
}

/// The state of the loop.
struct Running {
    relay: Relay,
    machine: Machine,
    started: Instant,
    deliveries: JoinSet<Outcome>,
    commits: JoinSet<Committed>,
    measurements: JoinSet<Ends>,
    /// Why the last request failed, per receiver that currently fails.
    failing: BTreeMap<usize, String>,
}

impl Relay {
    pub(crate) async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let started = Instant::now();
        let machine = tokio::select! {
            machine = self.begin(started) => machine,
            () = shutdown.triggered() => return Ok(()),
        };
        self.delivery.met();
        let (deliveries, commits, failing) = (JoinSet::new(), JoinSet::new(), BTreeMap::new());
        let measurements = JoinSet::new();
        Running { relay: self, machine, started, deliveries, commits, measurements, failing }.run(shutdown).await
    }

    /// Retries until Kafka answers and the state is rebuilt.
    async fn begin(&self, started: Instant) -> Machine {
        let kinds: Vec<Kind> = self.receivers.iter().map(|receiver| receiver.kind).collect();
        let mut said = String::new();
        loop {
            match rebuild(&self.reader, &kinds, &self.metrics, || now(started)).await {
                Ok(machine) => return machine,
                Err(error) => {
                    let error = format!("can't read alerts.fired: {error}");
                    if error != said {
                        tracing::warn!("{error}; retrying");
                    }
                    self.kafka.unmet(error.clone());
                    said = error;
                    tokio::time::sleep(RETRY.mul_f64(rand::random_range(0.5..1.5))).await;
                }
            }
        }
    }
}

impl Running {
    async fn run(mut self, shutdown: Shutdown) -> anyhow::Result<()> {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut measure = tokio::time::interval(MEASURE);
        measure.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.triggered() => break,
                record = self.relay.reader.recv() => {
                    observe(&mut self.machine, record, &self.relay.metrics, now(self.started));
                }
                Some(outcome) = self.deliveries.join_next() => self.finish(outcome.context("a delivery panicked")?),
                Some(committed) = self.commits.join_next() => self.committed(committed.context("a commit panicked")?),
                Some(ends) = self.measurements.join_next() => self.measured(ends.context("a measurement panicked")?),
                _ = measure.tick() => self.measure(),
                _ = tick.tick() => self.tell_readiness(),
            }
            self.send();
            self.commit();
            self.relay.metrics.show_firing(self.machine.firing());
            self.relay.metrics.pending.set(self.machine.pending().try_into().unwrap_or(i64::MAX));
        }
        self.drain().await
    }

    /// Starts the requests that are due.
    fn send(&mut self) {
        let now = now(self.started);
        for (receiver, event) in self.machine.take_stale(now) {
            let receiver = self.relay.receivers[receiver].name();
            tracing::info!(
                receiver,
                id = event.id,
                fingerprint = event.fingerprint,
                state = event.state.as_str(),
                fired_at = %event.fired_at,
                "stale: resolved for more than 15 minutes, not sent"
            );
            self.relay.metrics.stale.inc();
        }
        for delivery in self.machine.due(now) {
            let receiver = self.relay.receivers[delivery.receiver].clone();
            self.deliveries.spawn(receiver.deliver(delivery));
        }
    }

    fn finish(&mut self, outcome: Outcome) {
        let Outcome { delivery, accepted_by } = outcome;
        let now = now(self.started);
        if accepted_by.as_ref().is_err_and(|refusal| refusal.too_large) {
            self.machine.was_too_large(&delivery);
        }
        let accepted = self.machine.finish(&delivery, accepted_by.is_ok(), now);
        match accepted_by {
            Ok(receiver) => {
                if self.failing.remove(&delivery.receiver).is_some() {
                    tracing::info!(receiver, "the receiver accepts alerts again");
                }
                for event in accepted {
                    let state = event.state.as_str();
                    tracing::info!(receiver, fingerprint = event.fingerprint, state, id = event.id, "delivered");
                    self.relay.metrics.notifications.with_label_values(&[receiver.as_str(), state]).inc();
                    self.relay.metrics.delay.observe(now.wall.duration_since(event.fired_at).as_secs_f64().max(0.0));
                }
            }
            Err(Refusal { reason, .. }) => {
                let (alertname, service) = &delivery.group;
                tracing::warn!(alertname, service, "not accepted; retrying with back-off: {reason}");
                self.failing.insert(delivery.receiver, reason);
            }
        }
    }

    /// Commits the offsets of completed records, one commit at a time.
    fn commit(&mut self) {
        let offsets = self.machine.committable();
        if !offsets.is_empty() && self.commits.is_empty() {
            self.commits.spawn(commit(self.relay.reader.clone(), offsets));
        }
    }

    fn committed(&mut self, (offsets, result): Committed) {
        match result {
            Ok(()) => self.machine.committed(&offsets),
            Err(error) => {
                tracing::warn!(%error, "can't commit, retrying; a restart before then repeats notifications");
                self.relay.metrics.commit_failures.inc();
            }
        }
    }

    /// Requests the end offsets of `alerts.fired`, one request at a time.
    fn measure(&mut self) {
        if self.measurements.is_empty() {
            let reader = self.relay.reader.clone();
            self.measurements.spawn(async move { reader.ends(&ALERTS_FIRED).await });
        }
    }

    fn measured(&self, ends: Ends) {
        match ends {
            Ok(ends) => {
                let positions = self.machine.next_offsets();
                for (partition, ends) in ends {
                    let position = positions.get(&partition).copied().unwrap_or(0);
                    self.relay.metrics.lag.set(partition, position, ends);
                }
            }
            Err(error) => tracing::debug!(%error, "the ends of alerts.fired are unknown"),
        }
    }

    fn tell_readiness(&self) {
        if self.relay.reader.reachable_within(REACHED_WITHIN) {
            self.relay.kafka.met();
        } else {
            self.relay.kafka.unmet(format!("no answer from the broker in the last {} s", REACHED_WITHIN.as_secs()));
        }
        if self.failing.is_empty() {
            self.relay.delivery.met();
        } else {
            self.relay.delivery.unmet(self.failing.values().map(String::as_str).collect::<Vec<_>>().join("; "));
        }
    }

    /// Waits for deliveries and commits in flight, starts no new deliveries, and makes a last commit.
    async fn drain(mut self) -> anyhow::Result<()> {
        let finish = async {
            while let Some(outcome) = self.deliveries.join_next().await {
                self.finish(outcome.context("a delivery panicked")?);
            }
            while let Some(committed) = self.commits.join_next().await {
                self.committed(committed.context("a commit panicked")?);
            }
            anyhow::Ok(())
        };
        if let Ok(finished) = tokio::time::timeout(DRAIN, finish).await {
            finished?;
        }
        let offsets = self.machine.committable();
        if !offsets.is_empty() {
            let last = commit(self.relay.reader.clone(), offsets);
            if !matches!(tokio::time::timeout(LAST_COMMIT, last).await, Ok((_, Ok(())))) {
                tracing::warn!(
                    "the last commit failed; the next start repeats the notifications sent since the previous commit"
                );
            }
        }
        Ok(())
    }
}

async fn commit(reader: Reader, offsets: BTreeMap<i32, i64>) -> Committed {
    for (partition, next) in &offsets {
        if let Err(error) = reader.commit(&ALERTS_FIRED, *partition, *next).await {
            // Without this pause, the next attempt would follow immediately.
            tokio::time::sleep(RETRY).await;
            return (offsets, Err(error));
        }
    }
    (offsets, Ok(()))
}

fn now(started: Instant) -> Now {
    Now { wall: Timestamp::now(), elapsed: started.elapsed() }
}
