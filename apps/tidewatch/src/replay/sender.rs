//! Events to `metrics.raw`, and the count of those that the broker has acknowledged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tidewatch_contract::{Event, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{Ack, KafkaArgs, KafkaError, Message, Producer};
use tokio::time::{sleep, timeout};

use super::liveness::Source;
use crate::interrupt::Interrupt;

/// Records on their way at most.
const IN_FLIGHT: usize = 20_000;
/// How long to wait at the end for the next acknowledgement before the rest counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Services named in the summary at most.
const NAMED: usize = 5;

/// Sends events in their order.
pub(super) struct Sender {
    producer: Producer,
    /// Of the records on their way, in their order.
    acks: VecDeque<Ack>,
    delivered: Delivered,
    services: BTreeSet<String>,
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
        Ok(Self {
            producer: Producer::new(kafka, "tidewatch-replay")?,
            acks: VecDeque::with_capacity(IN_FLIGHT),
            delivered: Delivered::default(),
            services: BTreeSet::new(),
        })
    }

    /// Whether one more event may be on its way. Counts what was acknowledged meanwhile.
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

    /// Hands the event to the producer, waiting only while that is full.
    pub(super) async fn send(&mut self, event: &RequestEvent, source: Source) {
        let payload = event.to_json();
        let mut message = Message::event::<RequestEvent>(METRICS_RAW.name, &event.service, &payload);
        if source == Source::Replay {
            message.headers = &[("source", b"replay")];
        }
        // Nothing is awaited between a record's being with the producer and its outcome's being waited for.
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

    /// Waits for all acknowledgements that still come, or until told not to.
    pub(super) async fn finish(mut self, interrupt: &mut Interrupt) -> Delivered {
        while !self.acks.is_empty() {
            tokio::select! {
                came = timeout(PATIENCE, self.acknowledged()) => if came.is_err() { break },
                () = interrupt.received() => break,
            }
        }
        // What came after the one that was waited for in vain, or just before the interruption, counts as well.
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
