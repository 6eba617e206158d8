//! Sends events to `metrics.raw`, and counts those that the broker has acknowledged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tidewatch_contract::{Event, REPLAY, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{Ack, KafkaArgs, KafkaError, Message, Producer};
use tokio::time::{sleep, timeout};

use super::liveness::Source;
use crate::interrupt::Interrupt;

/// Maximum number of records in flight.
const IN_FLIGHT: usize = 20_000;
/// How long to wait at the end for the next acknowledgement before the rest counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Maximum number of services named in the summary.
const NAMED: usize = 5;

/// Sends events in their order.
pub(super) struct Sender {
    producer: Producer,
    /// The acknowledgements of the records in flight, in order.
    acks: VecDeque<Ack>,
    delivered: Delivered,
    services: BTreeSet<String>,
}

/// The result of sending.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    /// Number of events that the broker acknowledged.
    pub acknowledged: u64,
    /// Last offset of each partition that was written to.
    pub last_offsets: BTreeMap<i32, i64>,
    /// Services of the events, the first few.
    pub services: Vec<String>,
    /// The first failure, if there was one.
    pub error: Option<KafkaError>,
}

impl Sender {
    /// Connects in the background.
    pub(super) fn new(kafka: &KafkaArgs) -> Result<Self, KafkaError> {
        Ok(Self {
            producer: Producer::new(kafka, "tidewatch-replay")?,
            acks: VecDeque::with_capacity(IN_FLIGHT),
            delivered: Delivered::default(),
            services: BTreeSet::new(),
        })
    }

    /// Counts the acknowledgements that have arrived, and returns whether one more event may be in flight.
    pub(super) fn has_room(&mut self) -> bool {
        while let Some(outcome) = self.acks.front_mut().and_then(Ack::now) {
            self.acks.pop_front();
            self.delivered.count(outcome);
        }
        self.acks.len() < IN_FLIGHT
    }

    /// Waits for the next acknowledgement.
    pub(super) async fn acknowledged(&mut self) {
        if let Some(ack) = self.acks.front_mut() {
            let outcome = ack.await;
            self.acks.pop_front();
            self.delivered.count(outcome);
        }
    }

    /// Passes the event to the producer, waiting only while its queue is full.
    pub(super) async fn send(&mut self, event: &RequestEvent, source: Source) {
        let payload = event.to_json();
        let mut message = Message::event::<RequestEvent>(METRICS_RAW.name, &event.service, &payload);
        if source == Source::Replay {
            message.headers = &[REPLAY];
        }
        // No await between enqueuing a record and storing its acknowledgement: cancellation must not lose the outcome.
        loop {
            match self.producer.enqueue(message) {
                Ok(ack) => break self.acks.push_back(ack),
                Err(KafkaError::QueueFull) => sleep(Duration::from_millis(10)).await,
                Err(error) => break self.delivered.count(Err(error)),
            }
        }
        if self.services.len() < NAMED && !self.services.contains(&event.service) {
            self.services.insert(event.service.clone());
        }
    }

    /// Waits for all outstanding acknowledgements, until they time out or a shutdown signal arrives.
    pub(super) async fn finish(mut self, interrupt: &mut Interrupt) -> Delivered {
        while !self.acks.is_empty() {
            tokio::select! {
                came = timeout(PATIENCE, self.acknowledged()) => if came.is_err() { break },
                () = interrupt.received() => break,
            }
        }
        // Acknowledgements that arrived after the one that timed out, or just before the shutdown signal, count as
        // well.
        for outcome in self.acks.iter_mut().filter_map(Ack::now) {
            self.delivered.count(outcome);
        }
        Delivered { services: self.services.into_iter().collect(), ..self.delivered }
    }
}

impl Delivered {
    fn count(&mut self, outcome: Result<(i32, i64), KafkaError>) {
        match outcome {
            Ok((partition, offset)) => {
                self.acknowledged += 1;
                self.last_offsets.insert(partition, offset);
            }
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
    }
}
