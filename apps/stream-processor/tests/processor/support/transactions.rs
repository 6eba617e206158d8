//! A producer that writes in transactions, as Kafka Streams and Flink's exactly-once sinks do.
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use tidewatch_contract::{Event, RequestEvent};
use tidewatch_kafka::KafkaArgs;
use tidewatch_kafka::topics::METRICS_RAW;

const LIMIT: Duration = Duration::from_secs(30);

pub struct Transactions(FutureProducer);

impl Transactions {
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

    /// Begins a transaction and writes events of one service in it.
    pub fn write(&self, events: &[RequestEvent]) {
        self.0.begin_transaction().unwrap();
        for event in events {
            let payload = event.to_json();
            let record = FutureRecord::to(METRICS_RAW.name).key(&event.service).payload(&payload);
            self.0.send_result(record).unwrap();
        }
        self.0.flush(LIMIT).unwrap();
    }

    pub fn commit(&self) {
        self.0.commit_transaction(LIMIT).unwrap();
    }

    pub fn abort(&self) {
        self.0.abort_transaction(LIMIT).unwrap();
    }
}
