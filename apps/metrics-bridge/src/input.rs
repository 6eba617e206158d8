//! Reads `metrics.raw` from the offsets of the checkpoints, and counts its records.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use rand::RngExt;
use tidewatch_kafka::metrics::ConsumerLag;
use tidewatch_kafka::topics::{BRIDGE_STATE, METRICS_RAW};
use tidewatch_kafka::{Fetched, KafkaArgs, KafkaError, Reader, Start};
use tidewatch_service::{Condition, Service, Shutdown};
use tokio::task::coop::consume_budget;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{MetricsBridge, SharedStore, checkpoints};

/// Most records that are counted before the lock on the store is released: about a millisecond of work.
const BATCH: usize = 500;
/// How long the broker may be silent before the bridge is reported as not ready.
const REACHED_WITHIN: Duration = Duration::from_secs(10);
/// How often readiness is updated.
const WATCH: Duration = Duration::from_secs(1);
/// How often the broker is asked for the end offsets of the input.
const MEASURE: Duration = Duration::from_secs(2);
/// Pause between attempts to reopen the input after its offsets became invalid.
const RETRY: Duration = Duration::from_secs(1);
/// First and longest pause between attempts to start.
const BACK_OFF: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(8)];

/// Reads the input topic into the store.
pub(crate) struct Input {
    pub(crate) kafka: KafkaArgs,
    /// Reads the end offsets. The reader of records is a separate one that is replaced if the topic is recreated.
    pub(crate) questions: Reader,
    pub(crate) store: SharedStore,
    pub(crate) lag: ConsumerLag,
    pub(crate) broker: Condition,
    pub(crate) readable: Condition,
    pub(crate) caught_up: Condition,
}

impl Input {
    /// Restores the store and assigns the partitions, retrying until the broker is reachable. Returns the reader, or
    /// `None` if shutdown came first.
    pub(crate) async fn begin(&self, shutdown: &Shutdown) -> anyhow::Result<Option<Reader>> {
        let [mut pause, longest] = BACK_OFF;
        loop {
            let begun = tokio::select! {
                begun = self.try_to_begin() => begun,
                () = shutdown.triggered() => return Ok(None),
            };
            let error = match begun {
                Ok(reader) => return Ok(Some(reader)),
                Err(error) => error,
            };
            let Some(transient) = error.downcast_ref::<KafkaError>() else { return Err(error) };
            tracing::warn!(error = %transient, "can't restore the series yet; retrying with back-off");
            self.caught_up.unmet(format!("the series are not restored: {transient}"));
            tokio::select! {
                () = sleep(pause.mul_f64(rand::rng().random_range(0.5..1.5))) => {}
                () = shutdown.triggered() => return Ok(None),
            }
            pause = (pause * 2).min(longest);
        }
    }

    async fn try_to_begin(&self) -> anyhow::Result<Reader> {
        let checkpoints = checkpoints::latest(&self.kafka).await?;
        let ends = self.questions.ends(&METRICS_RAW).await?;
        let mut offsets = BTreeMap::new();
        {
            let mut store = self.store.lock();
            store.clear();
            for (partition, ends) in &ends {
                let checkpoint = checkpoints.get(partition);
                let offset = store.restore(*partition, checkpoint.map(|record| record.payload.as_slice()), *ends);
                let place = || {
                    let at = checkpoint.map_or(-1, |record| record.offset);
                    format!("{} partition {partition} offset {at}", BRIDGE_STATE.name)
                };
                offsets.insert(*partition, offset.with_context(place)?);
            }
        }
        tracing::info!(restored = checkpoints.len(), partitions = ends.len(), "restored the series; catching up");
        self.caught_up.unmet("catching up with the records that existed at startup");
        Ok(self.reader_at(offsets).await?)
    }

    async fn reader_at(&self, offsets: BTreeMap<i32, i64>) -> Result<Reader, KafkaError> {
        let reader = Reader::accounting(&self.kafka, MetricsBridge::NAME)?;
        reader.assign(&METRICS_RAW, Start::Offsets(offsets)).await?;
        Ok(reader)
    }

    /// Counts records until shutdown. When the topic was recreated, or retention removed unread records, it continues
    /// with the records that are there.
    pub(crate) async fn count(&self, mut reader: Reader, shutdown: &Shutdown) {
        loop {
            // When one of the two ends, the other is dropped, so nothing is read until the positions are valid again.
            tokio::select! {
                () = self.read(&reader) => {}
                () = self.measure() => {}
                () = shutdown.triggered() => return,
            }
            // The old client may still hold offsets of the old topic.
            reader = tokio::select! {
                reader = self.read_anew() => reader,
                () = shutdown.triggered() => return,
            };
        }
    }

    /// Reads until the next offset of some partition no longer exists.
    async fn read(&self, reader: &Reader) {
        while self.apply(reader.batch(&METRICS_RAW, BATCH).await) {
            // With a backlog, records are always available; this yields to other tasks.
            consume_budget().await;
        }
    }

    /// Counts a batch. Returns false if an offset no longer exists.
    fn apply<'a>(&self, batch: impl Iterator<Item = Fetched<'a>>) -> bool {
        let now = Instant::now();
        let mut store = self.store.lock();
        for fetched in batch {
            match fetched {
                Fetched::Record(record) => {
                    store.apply(record.partition(), record.offset(), Some(record.appended()), record.payload(), now);
                }
                Fetched::End { partition, position } => store.reach_end(partition, position),
                Fetched::OutOfRange => return false,
            }
        }
        true
    }

    async fn read_anew(&self) -> Reader {
        loop {
            match self.try_to_read_anew().await {
                Ok(reader) => return reader,
                Err(error) => {
                    tracing::warn!(%error, "can't resume reading the input yet; retrying");
                    self.readable.unmet(format!("{} can't be read: {error}", METRICS_RAW.name));
                    sleep(RETRY).await;
                }
            }
        }
    }

    async fn try_to_read_anew(&self) -> Result<Reader, KafkaError> {
        let ends = self.questions.ends(&METRICS_RAW).await?;
        self.store.lock().go_on_within(&ends);
        let positions = self.store.lock().positions();
        self.reader_at(positions).await
    }

    /// Updates readiness with whether the broker answers.
    pub(crate) async fn watch(&self, shutdown: &Shutdown) {
        let mut ticks = interval(WATCH);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = shutdown.triggered() => return,
            }
            if self.questions.reachable_within(REACHED_WITHIN) {
                self.broker.met();
            } else {
                self.broker.unmet(format!("the broker did not answer in the last {} s", REACHED_WITHIN.as_secs()));
            }
        }
    }

    /// Measures the lag, until some partition ends before its position.
    async fn measure(&self) {
        let mut ticks = interval(MEASURE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = BTreeMap::new();
        loop {
            ticks.tick().await;
            let positions = self.store.lock().positions();
            let ends = match self.questions.ends(&METRICS_RAW).await {
                Ok(ends) => ends,
                Err(error) => {
                    self.readable.unmet(format!("the ends of {} are unknown: {error}", METRICS_RAW.name));
                    continue;
                }
            };
            let store = self.store.lock();
            let after = store.positions();
            for (partition, position) in &positions {
                let Some(&(low, high)) = ends.get(partition) else { continue };
                self.lag.set(*partition, *position, (low, high));
                // Only a position that stands still counts: one that moves may be newer than the measured end.
                let stands_still = [&before, &after].iter().all(|then| then.get(partition) == Some(position));
                if stands_still && high < *position {
                    return;
                }
            }
            if store.is_open() && !store.is_caught_up() {
                self.readable.unmet(format!("reading {} from the beginning: it was recreated", METRICS_RAW.name));
            } else {
                self.readable.met();
            }
            before = positions;
        }
    }
}
