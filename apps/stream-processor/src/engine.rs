//! The evaluation thread: polls, evaluates, writes checkpoints, and starts over when its group membership ends.

use std::iter;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus::Registry;
use tidewatch_contract::http::processor::{PartitionStatus, Status, Totals};
use tidewatch_detect::{Limits, Rules};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{Fetched, GroupConsumer, KafkaError, Producer, Reader};
use tidewatch_platform::STREAM_PROCESSOR;
use tidewatch_service::{Condition, Health, Shutdown};
use tokio::runtime::Handle;

use crate::Config;
use crate::metrics::Metrics;
use crate::partitions::{Partitions, Tools};
use crate::status::Questions;

const POLL: Duration = Duration::from_millis(50);
/// Maximum number of records evaluated between two checks of the clock: about a millisecond of work.
const BATCH: usize = 500;
const TICK: Duration = Duration::from_millis(100);
const CHECKPOINT: Duration = Duration::from_secs(10);
/// Delay before a failed checkpoint is retried.
const CHECKPOINT_RETRY: Duration = Duration::from_secs(1);
const REACHED: Duration = Duration::from_secs(10);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(10);

/// The state of the evaluation thread.
pub(crate) struct Engine {
    config: Config,
    rules: Arc<Rules>,
    limits: Limits,
    metrics: Metrics,
    questions: Questions,
    producer: Producer,
    conditions: Conditions,
}

struct Conditions {
    kafka: Condition,
    assigned: Condition,
    alerts: Condition,
    dead_letters: Condition,
    input: Condition,
    checkpoint: Condition,
}

impl Engine {
    pub(crate) fn new(
        config: Config,
        rules: Arc<Rules>,
        limits: Limits,
        health: Health,
        metrics: Metrics,
        questions: Questions,
    ) -> Result<Self, KafkaError> {
        let producer = Producer::new(&config.kafka, STREAM_PROCESSOR.name)?;
        let conditions = Conditions {
            kafka: health.require("kafka"),
            assigned: health.require("partitions"),
            alerts: health.require("alerts"),
            dead_letters: health.require("dead letters"),
            input: health.require("input"),
            checkpoint: health.require("checkpoint"),
        };
        conditions.kafka.unmet("no answer from the broker yet");
        conditions.assigned.unmet("no partitions assigned yet");
        for met in [&conditions.alerts, &conditions.dead_letters, &conditions.input, &conditions.checkpoint] {
            met.met();
        }
        Ok(Self { config, rules, limits, metrics, questions, producer, conditions })
    }

    /// Exports whether the broker is reachable, as seen by the producer, which outlives a membership.
    pub(crate) fn export_reachable(&self, registry: &Registry) -> prometheus::Result<()> {
        self.producer.export_reachable(registry)
    }

    /// Evaluates until `shutdown` triggers. An error that ends a membership only causes a delay: the next membership
    /// begins at the last checkpoint.
    pub(crate) fn run(self, runtime: &Handle, shutdown: &Shutdown) -> anyhow::Result<()> {
        let mut back_off = Duration::from_millis(500);
        while !shutdown.is_triggered() {
            let began = Instant::now();
            match self.membership(runtime, shutdown) {
                Ok(()) => break,
                Err(error) if error.is_replaced() => {
                    // Joining again would end the other one's membership, and so on forever.
                    anyhow::bail!("another member has joined with the same --instance-id: give each instance its own")
                }
                Err(error) => {
                    self.conditions.assigned.unmet(format!("membership ended: {error}"));
                    if began.elapsed() > LONGEST_BACK_OFF {
                        back_off = Duration::from_millis(500);
                    }
                    tracing::warn!(%error, "membership of the group ended; rejoining in {back_off:?}");
                    let jitter = back_off.mul_f64(rand::random_range(0.5..1.0));
                    runtime.block_on(async {
                        tokio::select! {
                            () = shutdown.triggered() => {}
                            () = tokio::time::sleep(jitter) => {}
                        }
                    });
                    back_off = (back_off * 2).min(LONGEST_BACK_OFF);
                }
            }
        }
        Ok(())
    }

    fn membership(&self, runtime: &Handle, shutdown: &Shutdown) -> Result<(), KafkaError> {
        let Config { kafka, membership, group, .. } = &self.config;
        let tools = Tools {
            group: group.clone(),
            rules: Arc::clone(&self.rules),
            limits: self.limits,
            producer: self.producer.clone(),
            reader: Reader::new(kafka, "stream-processor-state")?,
            runtime: runtime.clone(),
            metrics: self.metrics.clone(),
            assigned: self.conditions.assigned.clone(),
        };
        let consumer = GroupConsumer::join(kafka, membership, group, METRICS_RAW, Partitions::new(tools))?;
        let mut tick_at = Instant::now();
        let mut checkpoint_at = tick_at + CHECKPOINT;
        // After a failed checkpoint, transitions don't trigger a checkpoint early: each attempt may block for seconds.
        let mut not_before = tick_at;
        while !shutdown.is_triggered() {
            let fetched = consumer.poll(POLL)?;
            let now = Instant::now();
            if let Some(fetched) = fetched {
                self.judge_batch(&consumer, fetched, now)?;
            }
            if now >= tick_at {
                tick_at = now + TICK;
                consumer.owner().tick(now, |partition| consumer.ends(partition))?;
                self.pause_and_resume(&consumer)?;
                self.report(&consumer);
            }
            if now >= checkpoint_at || (now >= not_before && consumer.owner().transition_waits()) {
                let durable = self.checkpoint(&consumer)?;
                let now = Instant::now();
                checkpoint_at = now + if durable { CHECKPOINT } else { CHECKPOINT_RETRY };
                not_before = if durable { now } else { checkpoint_at };
            }
        }
        self.checkpoint(&consumer)?;
        Ok(())
    }

    /// Resumes reading of partitions whose next offset no longer exists.
    fn go_on_in_range(&self, consumer: &GroupConsumer<Partitions>) -> Result<(), KafkaError> {
        let owned: Vec<i32> = consumer.owner().owned.keys().copied().collect();
        let ends = consumer.ask_ends(&owned)?;
        let starts = consumer.owner().go_on_within(&ends)?;
        consumer.go_on_at(&starts)
    }

    /// Evaluates the record fetched at `now`, and those already buffered behind it.
    fn judge_batch(
        &self,
        consumer: &GroupConsumer<Partitions>,
        first: Fetched<'_>,
        now: Instant,
    ) -> Result<(), KafkaError> {
        let at_hand = iter::from_fn(|| consumer.at_hand().transpose());
        for fetched in iter::once(Ok(first)).chain(at_hand).take(BATCH) {
            match fetched? {
                // Lock for one record at a time: fetching the next one may change the ownership.
                Fetched::Record(record) => consumer.owner().process(&record, now),
                // Use the current time: an answer about the ends that was requested earlier must not count as newer.
                Fetched::End { partition, position } => {
                    consumer.owner().reach_end(partition, position, Instant::now());
                }
                Fetched::OutOfRange => self.go_on_in_range(consumer)?,
            }
        }
        consumer.owner().emit_all(now);
        Ok(())
    }

    /// Writes a checkpoint. Returns whether all changes are durable now. Only the loss of the membership is an error.
    fn checkpoint(&self, consumer: &GroupConsumer<Partitions>) -> Result<bool, KafkaError> {
        let written = consumer.owner().checkpoint(None);
        let committed = written.and_then(|commits| match commits.as_slice() {
            [] => Ok(()),
            commits => consumer.commit(commits),
        });
        match committed {
            Ok(()) => {
                self.conditions.checkpoint.met();
                Ok(true)
            }
            Err(error @ KafkaError::Fenced(_)) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "the checkpoint failed; retrying");
                self.conditions.checkpoint.unmet(format!("the last one failed: {error}"));
                Ok(false)
            }
        }
    }

    /// Pauses partitions whose dead letters can't be written, so that none is skipped, and resumes them afterwards.
    fn pause_and_resume(&self, consumer: &GroupConsumer<Partitions>) -> Result<(), KafkaError> {
        let mut partitions = consumer.owner();
        let mut stuck = None;
        let mut changes = Vec::new();
        for (id, owned) in &mut partitions.owned {
            let why = owned.must_wait().map(|why| format!("partition {id} waits: {why}"));
            let must_wait = why.is_some();
            stuck = why.or(stuck);
            if must_wait && !owned.is_paused() {
                owned.pause();
                changes.push((*id, None));
            } else if let Some(position) = owned.resume() {
                changes.push((*id, Some(position)));
            }
        }
        drop(partitions);
        match stuck {
            Some(why) => self.conditions.dead_letters.unmet(why),
            None => self.conditions.dead_letters.met(),
        }
        for (partition, resume_at) in changes {
            match resume_at {
                None => consumer.pause(partition)?,
                Some(offset) => consumer.resume_at(partition, offset)?,
            }
        }
        Ok(())
    }

    /// Updates readiness and gauges, and answers status requests.
    fn report(&self, consumer: &GroupConsumer<Partitions>) {
        if consumer.reachable_within(REACHED) {
            self.conditions.kafka.met();
        } else {
            self.conditions.kafka.unmet("no answer from the broker in the last 10 s");
        }
        let partitions = consumer.owner();
        let overtaken = partitions
            .owned
            .iter()
            .find(|(id, owned)| consumer.ends(**id).is_some_and(|ends| owned.position() < ends.low));
        match overtaken {
            Some((id, _)) => {
                self.conditions.input.unmet(format!("partition {id}: retention deleted records that were not read yet"))
            }
            None => self.conditions.input.met(),
        }
        let held_up = partitions.owned.iter().find_map(|(id, owned)| Some((id, owned.alerts_trouble()?)));
        match held_up {
            Some((id, why)) => self.conditions.alerts.unmet(format!("partition {id} can't write its alerts: {why}")),
            None => self.conditions.alerts.met(),
        }
        self.metrics.groups.set(partitions.owned.values().map(|owned| owned.detector().group_count() as i64).sum());
        for question in self.questions.try_iter() {
            // The requester may be gone.
            let _ = question.send(status(&partitions, consumer));
        }
    }
}

fn status(partitions: &Partitions, consumer: &GroupConsumer<Partitions>) -> Status {
    let rows = partitions.owned.iter().map(|(id, owned)| {
        let state = owned.detector().state();
        let position = owned.position();
        let high = consumer.ends(*id).map_or(position, |ends| ends.high.max(position));
        let totals = owned.detector().totals();
        PartitionStatus {
            partition: *id,
            generation: owned.generation(),
            start: state.start_offset,
            position,
            high,
            lag: high - owned.read_up_to(),
            watermark: owned.detector().watermark(),
            windowed: totals.windowed,
            late: totals.late,
            dead_lettered: totals.dead_lettered,
            holes: totals.holes,
            gap: totals.lost,
        }
    });
    let rows: Vec<PartitionStatus> = rows.collect();
    Status {
        totals: Totals::of(&rows),
        groups: partitions.owned.values().flat_map(|owned| owned.detector().groups()).collect(),
        dead_letters: partitions.recent_dead_letters.iter().cloned().collect(),
        partitions: rows,
    }
}
