//! Events to `metrics.raw`, and the count of those that the broker has acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidewatch_events::{Event, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{Ack, KafkaArgs, KafkaError, Message, Producer};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::interrupt::Interrupt;

/// Records on their way at most.
const IN_FLIGHT: usize = 10_000;
/// How long to wait at the end for the next acknowledgement before the rest counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Services named in the summary at most.
const NAMED: usize = 5;

/// Sends events in their order.
pub(super) struct Sender {
    producer: Producer,
    acks: mpsc::Sender<Ack>,
    collector: JoinHandle<()>,
    delivered: Arc<Mutex<Delivered>>,
    services: BTreeSet<String>,
    error: Option<KafkaError>,
}

/// What the broker made of it.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    /// Events that it has.
    pub acknowledged: u64,
    /// Last offset of each partition that was written to.
    pub last_offsets: BTreeMap<i32, i64>,
    /// Services that the events were of, the first few.
    pub services: Vec<String>,
    /// The first failure, if there was one.
    pub error: Option<KafkaError>,
}

impl Sender {
    /// Connects in the background.
    pub(super) fn new(kafka: &KafkaArgs) -> Result<Self, KafkaError> {
        let (acks, waiting) = mpsc::channel(IN_FLIGHT);
        let delivered = Arc::new(Mutex::new(Delivered::default()));
        Ok(Self {
            producer: Producer::new(kafka, "tidewatch-replay")?,
            acks,
            collector: tokio::spawn(collect(waiting, Arc::clone(&delivered))),
            delivered,
            services: BTreeSet::new(),
            error: None,
        })
    }

    /// Hands the event to the producer, waiting while that is full.
    pub(super) async fn send(&mut self, event: &RequestEvent) {
        let payload = event.to_json();
        let mut message = Message::event::<RequestEvent>(METRICS_RAW.name, &event.service, &payload);
        message.headers = &[("source", b"replay")];
        // A slot first: once the record is with the producer, nothing may keep its outcome from being counted.
        let Ok(slot) = self.acks.reserve().await else { return };
        loop {
            match self.producer.enqueue(message) {
                Ok(ack) => break slot.send(ack),
                Err(KafkaError::QueueFull) => sleep(Duration::from_millis(10)).await,
                Err(error) => {
                    self.error.get_or_insert(error);
                    break;
                }
            }
        }
        if self.services.len() < NAMED && !self.services.contains(&event.service) {
            self.services.insert(event.service.clone());
        }
    }

    /// Waits for all acknowledgements that still come, or until told not to.
    pub(super) async fn finish(self, interrupt: &mut Interrupt) -> Delivered {
        drop(self.acks);
        let mut collector = self.collector;
        let so_far = || lock(&self.delivered).acknowledged;
        loop {
            let before = so_far();
            tokio::select! {
                _ = &mut collector => break,
                () = interrupt.received() => break,
                () = sleep(PATIENCE) => if so_far() == before { break },
            }
        }
        let mut delivered = std::mem::take(&mut *lock(&self.delivered));
        delivered.services = self.services.into_iter().collect();
        delivered.error = self.error.or(delivered.error);
        delivered
    }
}

async fn collect(mut acks: mpsc::Receiver<Ack>, delivered: Arc<Mutex<Delivered>>) {
    while let Some(ack) = acks.recv().await {
        let outcome = ack.await;
        let mut delivered = lock(&delivered);
        match outcome {
            Ok((partition, offset)) => {
                delivered.acknowledged += 1;
                delivered.last_offsets.insert(partition, offset);
            }
            Err(error) => {
                delivered.error.get_or_insert(error);
            }
        }
    }
}

/// Counts are whole at every moment, also after a panic.
fn lock(delivered: &Mutex<Delivered>) -> MutexGuard<'_, Delivered> {
    delivered.lock().unwrap_or_else(PoisonError::into_inner)
}
