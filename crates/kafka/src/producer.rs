//! The producer: idempotent, acknowledged by all in-sync replicas, with the same partitioner as Java's clients.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use prometheus::Registry;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError as Native;
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use tokio::sync::oneshot;

use crate::message::Message;
use crate::metrics::export_reachable;
use crate::pulse::Pulse;
use crate::{KafkaArgs, KafkaError, client};

/// How long delivery of a record is retried before it counts as failed.
const DELIVERY_LIMIT: Duration = Duration::from_secs(300);

type Delivered = Result<(i32, i64), KafkaError>;

/// Writes records. Cheap to clone; all clones share one connection and queue.
#[derive(Clone)]
pub struct Producer {
    inner: Arc<ThreadedProducer<Deliveries>>,
}

/// Delivery counts since the producer was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryStats {
    /// Records handed to the producer.
    pub produced: u64,
    /// Records that the broker has acknowledged.
    pub acknowledged: u64,
    /// Records whose delivery was given up.
    pub failed: u64,
}

/// The delivery outcome of one record: its partition and offset. Dropping it doesn't affect the delivery.
#[derive(Debug)]
pub struct Ack(oneshot::Receiver<Delivered>);

impl Ack {
    /// Returns the outcome, if it is already known.
    pub fn now(&mut self) -> Option<Delivered> {
        match self.0.try_recv() {
            Ok(delivered) => Some(delivered),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(gone())),
        }
    }
}

impl Future for Ack {
    type Output = Delivered;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Delivered> {
        Pin::new(&mut self.0).poll(context).map(|received| received.unwrap_or_else(|_| Err(gone())))
    }
}

/// Returns the error for a producer that was dropped before the record was delivered.
fn gone() -> KafkaError {
    KafkaError::Client(Native::Canceled)
}

struct Deliveries {
    pulse: Arc<Pulse>,
    produced: AtomicU64,
    acknowledged: AtomicU64,
    failed: AtomicU64,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: Native, reason: &str) {
        client::report(&error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<oneshot::Sender<Delivered>>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Self::DeliveryOpaque) {
        let delivered = match result {
            Ok(message) => {
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
                self.pulse.beat();
                Ok((message.partition(), message.offset()))
            }
            Err((error, _)) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                Err(KafkaError::from_delivery(error.clone()))
            }
        };
        // The receiver is dropped if the caller doesn't wait for the outcome.
        let _ = waiting.send(delivered);
    }
}

impl Producer {
    /// Creates a producer. It connects in the background, so an unreachable broker is not an error here.
    pub fn new(args: &KafkaArgs, client_id: &str) -> Result<Self, KafkaError> {
        Self::with_linger(args, client_id, Duration::from_millis(20))
    }

    /// Like [`Producer::new`], but a record waits up to `linger` for others to share its batch.
    ///
    /// The load on a broker and the cost of each reader depend on the number of batches. The in-process broker searches
    /// batch by batch for a reader's offset.
    pub fn with_linger(args: &KafkaArgs, client_id: &str, linger: Duration) -> Result<Self, KafkaError> {
        let pulse = Pulse::new();
        let context = Deliveries {
            pulse: Arc::clone(&pulse),
            produced: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        };
        let mut config = args.client(client_id);
        let linger = linger.as_millis().to_string();
        for (name, value) in
            [("linger.ms", linger.as_str()), ("compression.type", "lz4"), ("partitioner", "murmur2_random")]
        {
            if config.get(name).is_none() {
                config.set(name, value);
            }
        }
        let inner: ThreadedProducer<Deliveries> = config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("delivery.timeout.ms", DELIVERY_LIMIT.as_millis().to_string())
            .create_with_context(context)?;
        let inner = Arc::new(inner);
        pulse.watch(args, client_id, Arc::downgrade(&inner), |producer| producer.client());
        Ok(Self { inner })
    }

    /// Writes a record and waits until it is acknowledged. Also waits while the queue is full.
    pub async fn send(&self, message: Message<'_>) -> Result<(i32, i64), KafkaError> {
        loop {
            match self.enqueue(message) {
                Ok(ack) => return ack.await,
                Err(KafkaError::QueueFull) => tokio::time::sleep(Duration::from_millis(10)).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Adds a record to the producer's queue. [`KafkaError::QueueFull`] is backpressure: try again later.
    pub fn enqueue(&self, message: Message<'_>) -> Result<Ack, KafkaError> {
        let (waiting, ack) = oneshot::channel();
        let mut record: BaseRecord<'_, [u8], [u8], _> = BaseRecord::with_opaque_to(message.topic, Box::new(waiting));
        record.partition = message.partition;
        record.key = message.key;
        record.payload = message.payload;
        record = record.headers(message.owned_headers());
        self.inner.send(record).map_err(|(error, _)| KafkaError::from_delivery(error))?;
        self.inner.context().produced.fetch_add(1, Ordering::Relaxed);
        Ok(Ack(ack))
    }

    /// Returns the delivery counts so far.
    pub fn stats(&self) -> DeliveryStats {
        let context = self.inner.context();
        DeliveryStats {
            produced: context.produced.load(Ordering::Relaxed),
            acknowledged: context.acknowledged.load(Ordering::Relaxed),
            failed: context.failed.load(Ordering::Relaxed),
        }
    }

    /// Waits until every record is either acknowledged or given up, for at most `limit`. Blocks the thread.
    pub fn flush_blocking(&self, limit: Duration) -> Result<(), KafkaError> {
        self.inner.flush(limit).map_err(|_| KafkaError::Timeout { doing: "waiting for acknowledgements", limit })
    }

    /// Like [`Producer::flush_blocking`], without blocking.
    pub async fn flush(&self, limit: Duration) -> Result<(), KafkaError> {
        let producer = self.clone();
        tokio::task::spawn_blocking(move || producer.flush_blocking(limit)).await.unwrap_or(Err(gone()))
    }

    /// Exports [`crate::metrics::REACHABLE`] as seen by this producer.
    pub fn export_reachable(&self, registry: &Registry) -> prometheus::Result<()> {
        export_reachable(&self.inner.context().pulse, registry)
    }

    /// Returns whether the broker answered within the last `age`.
    pub fn reachable_within(&self, age: Duration) -> bool {
        self.inner.context().pulse.within(age)
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::*;
    use crate::topics::ALERTS_FIRED;

    #[tokio::test]
    async fn a_producer_that_failed_for_good_is_reported_with_the_reason() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(ALERTS_FIRED.name, 1, 1).unwrap();
        // The answer to a user without rights.
        let refusal = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED; 20];
        cluster.request_errors(RDKafkaApiKey::InitProducerId, &refusal);
        let args = KafkaArgs::new(cluster.bootstrap_servers());
        let _producer = Producer::new(&args, "test").unwrap();
        let why = tokio::time::timeout(Duration::from_secs(60), args.failure.reported()).await.expect("a report");
        assert!(why.starts_with("kafka client test has failed for good: "), "{why}");
        assert!(why.contains("Cluster authorization failed"), "{why}");
    }
}
