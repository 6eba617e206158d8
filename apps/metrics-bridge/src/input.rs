//! Reads `metrics.raw` from where the checkpoints left off, and counts it.

use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use prometheus::IntGaugeVec;
use rand::RngExt;
use tidewatch_kafka::topics::{BRIDGE_STATE, METRICS_RAW};
use tidewatch_kafka::{KafkaArgs, KafkaError, Reader, Start};
use tidewatch_telemetry::{Condition, Shutdown};
use tokio::task::coop::consume_budget;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{SharedStore, checkpoints};

/// How long the broker may be silent before the bridge is not ready.
const REACHED_WITHIN: Duration = Duration::from_secs(10);
/// How often readiness is told.
const WATCH: Duration = Duration::from_secs(1);
/// How often the lag is measured.
const MEASURE: Duration = Duration::from_secs(5);
/// First and longest pause between attempts to begin.
const BACK_OFF: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(8)];

/// The stream and where it goes.
pub(crate) struct Input {
    pub(crate) kafka: KafkaArgs,
    pub(crate) reader: Reader,
    pub(crate) store: SharedStore,
    pub(crate) lag: IntGaugeVec,
    pub(crate) broker: Condition,
    pub(crate) caught_up: Condition,
}

impl Input {
    /// Restores the store and assigns the partitions, however long the broker takes to be there. `false`: ended before.
    pub(crate) async fn begin(&self, shutdown: &Shutdown) -> anyhow::Result<bool> {
        let [mut pause, longest] = BACK_OFF;
        loop {
            let begun = tokio::select! {
                begun = self.try_to_begin() => begun,
                () = shutdown.triggered() => return Ok(false),
            };
            let Err(error) = begun else { return Ok(true) };
            let Some(transient) = error.downcast_ref::<KafkaError>() else { return Err(error) };
            tracing::warn!(error = %transient, "can't restore the series yet, trying again with back-off");
            self.caught_up.unmet(format!("the series are not restored: {transient}"));
            tokio::select! {
                () = sleep(pause.mul_f64(rand::rng().random_range(0.5..1.5))) => {}
                () = shutdown.triggered() => return Ok(false),
            }
            pause = (pause * 2).min(longest);
        }
    }

    async fn try_to_begin(&self) -> anyhow::Result<()> {
        let checkpoints = checkpoints::latest(&self.kafka).await?;
        let ends = self.reader.ends(&METRICS_RAW).await?;
        let mut offsets = std::collections::BTreeMap::new();
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
        self.reader.assign(&METRICS_RAW, Start::Offsets(offsets)).await?;
        Ok(())
    }

    /// Counts until the end.
    pub(crate) async fn count(&self, shutdown: &Shutdown) {
        loop {
            let record = tokio::select! {
                record = self.reader.recv() => record,
                () = shutdown.triggered() => return,
            };
            let appended = record.timestamp_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
            self.store.lock().apply(record.partition, record.offset, appended, &record.payload, Instant::now());
            // A backlog is always ready to be read on; others want to run as well.
            consume_budget().await;
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
            if self.reader.reachable_within(REACHED_WITHIN) {
                self.broker.met();
            } else {
                self.broker.unmet(format!("the broker did not answer in the last {} s", REACHED_WITHIN.as_secs()));
            }
        }
    }

    /// Measures how far behind the counting is.
    pub(crate) async fn measure(&self, shutdown: &Shutdown) {
        let mut ticks = interval(MEASURE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = shutdown.triggered() => return,
            }
            let ends = tokio::select! {
                ends = self.reader.ends(&METRICS_RAW) => ends,
                () = shutdown.triggered() => return,
            };
            // Out of reach: readiness says so.
            let Ok(ends) = ends else { continue };
            for (partition, position) in self.store.lock().positions() {
                if let Some((_, high)) = ends.get(&partition) {
                    self.lag.with_label_values(&[&partition.to_string()]).set((high - position).max(0));
                }
            }
        }
    }
}
