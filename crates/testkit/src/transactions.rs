//! A producer that writes in transactions, as Kafka Streams and Flink's exactly-once sinks do.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use tidewatch_kafka::KafkaArgs;
use tidewatch_kafka::topics::Topic;

const LIMIT: Duration = Duration::from_secs(30);

/// A transactional producer of a real Kafka.
pub struct Transactions(FutureProducer);

impl Transactions {
    /// Creates a producer, which aborts what an earlier one with the same transactional id has left open.
    pub fn new(kafka: &KafkaArgs, id: &str) -> Self {
        let producer: FutureProducer = ClientConfig::new()
            .set("bootstrap.servers", &kafka.brokers)
            .set("transactional.id", id)
            .set("linger.ms", "5")
            // Partitions records as the Java clients do.
            .set("partitioner", "murmur2_random")
            .create()
            .unwrap();
        producer.init_transactions(LIMIT).unwrap();
        Self(producer)
    }

    /// Begins a transaction, and writes in it records with these payloads and the same key.
    pub fn write(&self, topic: &Topic, key: &str, payloads: impl IntoIterator<Item: AsRef<[u8]>>) {
        self.0.begin_transaction().unwrap();
        for payload in payloads {
            self.0.send_result(FutureRecord::to(topic.name).key(key).payload(payload.as_ref())).unwrap();
        }
        self.0.flush(LIMIT).unwrap();
    }

    /// Commits the transaction.
    pub fn commit(&self) {
        self.0.commit_transaction(LIMIT).unwrap();
    }

    /// Aborts the transaction.
    pub fn abort(&self) {
        self.0.abort_transaction(LIMIT).unwrap();
    }
}
