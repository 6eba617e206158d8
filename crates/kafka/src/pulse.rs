//! Whether the broker is reachable: checked every few seconds, logged once per change. A client that will never reach
//! it again ends its service.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::client::Client;
use rdkafka::error::KafkaError as Native;
use rdkafka::types::RDKafkaErrorCode;

use crate::lost::{self, Lost};
use crate::topics::METRICS_RAW;
use crate::{KafkaArgs, KafkaError, reach};

const INTERVAL: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(2);
const NEVER: i64 = i64::MIN;

/// When the broker last answered.
#[derive(Debug)]
pub(crate) struct Pulse {
    epoch: Instant,
    last_ms: AtomicI64,
}

impl Pulse {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { epoch: Instant::now(), last_ms: AtomicI64::new(NEVER) })
    }

    /// Records that the broker answered just now.
    pub(crate) fn beat(&self) {
        let now = i64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.last_ms.fetch_max(now, Ordering::Relaxed);
    }

    /// Returns whether the broker answered within the last `age`.
    pub(crate) fn within(&self, age: Duration) -> bool {
        match self.last_ms.load(Ordering::Relaxed) {
            NEVER => false,
            last => self.epoch.elapsed() <= age + Duration::from_millis(last.unsigned_abs()),
        }
    }

    /// Checks the broker until the client is dropped. Logs when the broker becomes unreachable and when it is back, and
    /// reports a client that has lost it for good.
    pub(crate) fn watch<T, C>(
        self: &Arc<Self>,
        args: &KafkaArgs,
        client_id: &str,
        owner: Weak<T>,
        client: fn(&T) -> &Client<C>,
    ) where
        T: Send + Sync + 'static,
        C: ClientContext + 'static,
    {
        let pulse = Arc::clone(self);
        let client_id = client_id.to_owned();
        let config = args.client(&client_id);
        let failure = args.failure.clone();
        let watch = move || {
            let (mut reached, mut lost) = (None, Lost::default());
            while let Some(owner) = owner.upgrade() {
                // Such an error of librdkafka stays: an idempotent producer refuses all records from then on.
                if let Some((_, reason)) = client(&owner).fatal_error() {
                    failure.report(KafkaError::Fatal { client: client_id.clone(), reason });
                }
                let answer = ask(client(&owner));
                drop(owner);
                match answer {
                    Ok(()) => {
                        pulse.beat();
                        lost.clear();
                        match reached.replace(true) {
                            Some(true) => {}
                            Some(false) => tracing::info!(client = client_id, "kafka is reachable again"),
                            None => tracing::debug!(client = client_id, "kafka is reachable"),
                        }
                    }
                    Err(error) => {
                        // The client doesn't know why it gets no answer. A new one finds out.
                        let connected = reach::connect(&config, PATIENCE);
                        if reached.replace(false) != Some(false) {
                            let why = match &connected {
                                Ok(()) => format!("{error}, but a new connection works"),
                                Err(why) => why.to_string(),
                            };
                            tracing::warn!(
                                client = client_id,
                                error = why,
                                "kafka is unreachable; retrying with back-off"
                            );
                        }
                        if connected.is_err() {
                            lost.clear();
                        } else if lost.note(Instant::now()) && !pulse.within(lost::LIMIT) {
                            failure.report(KafkaError::Lost(client_id.clone()));
                        }
                    }
                }
                thread::sleep(INTERVAL);
            }
        };
        if let Err(error) = thread::Builder::new().name("kafka-pulse".into()).spawn(watch) {
            tracing::warn!(%error, "can't start the thread that watches the broker; kafka counts as unreachable");
        }
    }
}

/// Asks for the brokers. An answer without any is that of a broker that doesn't serve clients at the moment.
fn ask<C: ClientContext>(client: &Client<C>) -> Result<(), Native> {
    let metadata = client.fetch_metadata(Some(METRICS_RAW.name), PATIENCE)?;
    if metadata.brokers().is_empty() {
        return Err(Native::MetadataFetch(RDKafkaErrorCode::BrokerNotAvailable));
    }
    Ok(())
}
