//! Persists the store in `metrics.bridge.state`: reads the latest checkpoints at start, and writes new ones every 10 s.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use prometheus::IntCounterVec;
use tidewatch_kafka::topics::BRIDGE_STATE;
use tidewatch_kafka::{KafkaArgs, KafkaError, Message, Producer, Reader, Record};
use tidewatch_service::{Condition, Shutdown};
use tokio::time::{sleep, timeout};

use crate::SharedStore;

/// How often changes are written.
const INTERVAL: Duration = Duration::from_secs(10);
/// How often the bridge checks whether it has caught up.
const CATCHING_UP: Duration = Duration::from_millis(200);
/// Time limit for the last checkpoint, at shutdown.
const LAST: Duration = Duration::from_secs(5);

/// Returns the latest checkpoint of each partition that has one: the last record, since each partition has a single
/// key.
pub(crate) async fn latest(args: &KafkaArgs) -> Result<BTreeMap<i32, Record>, KafkaError> {
    Reader::new(args, "metrics-bridge-restore")?.last_records(&BRIDGE_STATE).await
}

/// Writes checkpoints, and opens the store once it has caught up and that state is saved.
pub(crate) struct Checkpoints {
    pub(crate) store: SharedStore,
    pub(crate) producer: Producer,
    pub(crate) outcomes: IntCounterVec,
    pub(crate) caught_up: Condition,
    pub(crate) saved: Condition,
}

impl Checkpoints {
    pub(crate) async fn run(&self, shutdown: &Shutdown) {
        let mut last = Instant::now();
        while !shutdown.is_triggered() {
            let (is_open, is_caught_up) = {
                let store = self.store.lock();
                (store.is_open(), store.is_caught_up())
            };
            let opens = is_caught_up && !is_open;
            if opens || last.elapsed() >= INTERVAL {
                let saved = tokio::select! {
                    saved = self.save() => saved,
                    () = shutdown.triggered() => break,
                };
                last = Instant::now();
                if opens && saved {
                    self.store.lock().open(Instant::now());
                    self.caught_up.met();
                    tracing::info!("caught up; answering scrapes");
                }
            }
            let pause = if is_open || opens { INTERVAL.saturating_sub(last.elapsed()) } else { CATCHING_UP };
            tokio::select! {
                () = sleep(pause) => {}
                () = shutdown.triggered() => {}
            }
        }
    }

    /// Writes the last checkpoint. Nothing may be counted after it.
    pub(crate) async fn save_last(&self) {
        match timeout(LAST, self.save()).await {
            Ok(true) => {}
            Ok(false) | Err(_) => {
                tracing::warn!("the last checkpoint was not saved; the next start resumes from the previous one")
            }
        }
    }

    /// Writes the changes. Returns whether all of them were acknowledged.
    async fn save(&self) -> bool {
        let checkpoints = self.store.lock().checkpoint(Instant::now());
        let mut acks = Vec::new();
        let mut failure = None;
        for (partition, payload) in &checkpoints {
            let key = partition.to_string();
            let message = Message {
                topic: BRIDGE_STATE.name,
                partition: Some(*partition),
                key: Some(key.as_bytes()),
                payload: Some(payload),
                schema: Some("metrics-bridge-state/v1"),
                headers: &[],
            };
            acks.push((*partition, self.producer.enqueue(message)));
        }
        for (partition, ack) in acks {
            let written = match ack {
                Ok(ack) => ack.await,
                Err(error) => Err(error),
            };
            match written {
                Ok(_) => {
                    self.store.lock().acknowledge(partition);
                    self.outcomes.with_label_values(&["saved"]).inc();
                }
                Err(error) => {
                    self.outcomes.with_label_values(&["failed"]).inc();
                    failure = Some(error);
                }
            }
        }
        match &failure {
            None => self.saved.met(),
            Some(error) => {
                tracing::error!(%error, "can't save the series; retrying");
                self.saved.unmet(format!("the last checkpoint failed: {error}"));
            }
        }
        failure.is_none()
    }
}
