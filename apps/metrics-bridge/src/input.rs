//! Reads `metrics.raw` from where the checkpoints left off, and counts it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use rand::RngExt;
use tidewatch_kafka::metrics::ConsumerLag;
use tidewatch_kafka::topics::{BRIDGE_STATE, METRICS_RAW};
use tidewatch_kafka::{KafkaArgs, KafkaError, Reader, Start};
use tidewatch_telemetry::{Condition, Service, Shutdown};
use tokio::task::coop::consume_budget;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{Bridge, SharedStore, checkpoints};

/// How long the broker may be silent before the bridge is not ready.
const REACHED_WITHIN: Duration = Duration::from_secs(10);
/// How often readiness is told.
const WATCH: Duration = Duration::from_secs(1);
/// How often the broker is asked for the input's ends.
const MEASURE: Duration = Duration::from_secs(2);
/// How long before the next attempt to read an input that was made anew.
const RETRY: Duration = Duration::from_secs(1);
/// First and longest pause between attempts to begin.
const BACK_OFF: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(8)];

/// The stream and where it goes.
pub(crate) struct Input {
    pub(crate) kafka: KafkaArgs,
    /// Asks for the ends; what reads is made anew along with the input.
    pub(crate) questions: Reader,
    pub(crate) store: SharedStore,
    pub(crate) lag: ConsumerLag,
    pub(crate) broker: Condition,
    pub(crate) readable: Condition,
    pub(crate) caught_up: Condition,
}

impl Input {
    /// Restores the store and assigns the partitions, however long the broker takes to be there. Returns what
    /// reads them; none: ended before.
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
            tracing::warn!(error = %transient, "can't restore the series yet, trying again with back-off");
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
        self.caught_up.unmet("catching up with the records that were there at the start");
        Ok(self.reader_at(offsets).await?)
    }

    async fn reader_at(&self, offsets: BTreeMap<i32, i64>) -> Result<Reader, KafkaError> {
        let reader = Reader::new(&self.kafka, Bridge::NAME)?;
        reader.assign(&METRICS_RAW, Start::Offsets(offsets)).await?;
        Ok(reader)
    }

    /// Counts until the end, and goes on where the input is made anew.
    pub(crate) async fn count(&self, mut reader: Reader, shutdown: &Shutdown) {
        loop {
            // Of the two only one runs at a time, so nothing is read between the loss and the return to the beginning.
            let anew = tokio::select! {
                never = self.read(&reader) => match never {},
                anew = self.measure() => anew,
                () = shutdown.triggered() => return,
            };
            for (partition, ends) in anew {
                self.store.lock().begin_anew(partition, ends);
            }
            // The client of before may hold offsets of the topic of before.
            reader = tokio::select! {
                reader = self.read_anew() => reader,
                () = shutdown.triggered() => return,
            };
        }
    }

    async fn read(&self, reader: &Reader) -> Infallible {
        loop {
            let record = reader.recv().await;
            let appended = record.timestamp_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
            self.store.lock().apply(record.partition, record.offset, appended, &record.payload, Instant::now());
            // A backlog is always ready to be read on; others want to run as well.
            consume_budget().await;
        }
    }

    async fn read_anew(&self) -> Reader {
        loop {
            let positions = self.store.lock().positions();
            match self.reader_at(positions).await {
                Ok(reader) => return reader,
                Err(error) => {
                    tracing::warn!(%error, "can't read the input that was made anew yet, trying again");
                    self.readable.unmet(format!("{} can't be read: {error}", METRICS_RAW.name));
                    sleep(RETRY).await;
                }
            }
        }
    }

    /// Tells readiness whether the broker answers.
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

    /// Measures how far behind the counting is, until partitions end before what was read of them: returns their ends.
    async fn measure(&self) -> BTreeMap<i32, (i64, i64)> {
        let mut ticks = interval(MEASURE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = BTreeMap::new();
        loop {
            ticks.tick().await;
            let positions = self.store.lock().positions();
            let ends = match self.questions.ends(&METRICS_RAW).await {
                Ok(ends) => ends,
                Err(error) => {
                    self.readable.unmet(format!("the ends of {} are not known: {error}", METRICS_RAW.name));
                    continue;
                }
            };
            let mut store = self.store.lock();
            let after = store.positions();
            let mut anew = BTreeMap::new();
            for (partition, position) in &positions {
                let Some(&(low, high)) = ends.get(partition) else { continue };
                self.lag.set(*partition, *position, (low, high));
                // Where reading goes on, what was fetched may still be on its way here, or have overtaken the answer.
                let stands_still = [&before, &after].iter().all(|then| then.get(partition) == Some(position));
                if stands_still && high < *position {
                    anew.insert(*partition, (low, high));
                } else if stands_still {
                    // Where retention has deleted the last record as well, none comes whose offset would tell.
                    store.skip_to(*partition, low);
                }
            }
            if !anew.is_empty() {
                return anew;
            }
            if store.is_open() && !store.is_caught_up() {
                self.readable.unmet(format!("reading {} from its beginning: it was created anew", METRICS_RAW.name));
            } else {
                self.readable.met();
            }
            before = positions;
        }
    }
}
