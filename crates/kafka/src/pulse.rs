//! Whether the broker is reachable: checked every few seconds, logged once per change.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::client::Client;

use crate::topics::METRICS_RAW;
use crate::{KafkaArgs, reach};

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

    /// Checks the broker until the client is dropped. Logs when the broker becomes unreachable and when it is back.
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
        let watch = move || {
            let mut reached = None;
            while let Some(owner) = owner.upgrade() {
                let answer = client(&owner).fetch_metadata(Some(METRICS_RAW.name), PATIENCE);
                drop(owner);
                if answer.is_ok() {
                    pulse.beat();
                }
                match (reached, answer) {
                    (Some(true), Ok(_)) => {}
                    (Some(false), Ok(_)) => tracing::info!(client = client_id, "kafka is reachable again"),
                    (None, Ok(_)) => tracing::debug!(client = client_id, "kafka is reachable"),
                    (Some(false), Err(_)) => {}
                    (_, Err(error)) => {
                        // The client itself knows only that there is no answer.
                        let why = match reach::connect(&config, PATIENCE) {
                            Ok(()) => format!("{error}, but a new connection works"),
                            Err(why) => why.to_string(),
                        };
                        tracing::warn!(client = client_id, error = why, "kafka is unreachable; retrying with back-off");
                        reached = Some(false);
                        thread::sleep(INTERVAL);
                        continue;
                    }
                }
                if pulse.within(INTERVAL) {
                    reached = Some(true);
                }
                thread::sleep(INTERVAL);
            }
        };
        if let Err(error) = thread::Builder::new().name("kafka-pulse".into()).spawn(watch) {
            tracing::warn!(%error, "can't start the thread that watches the broker; kafka counts as unreachable");
        }
    }
}
