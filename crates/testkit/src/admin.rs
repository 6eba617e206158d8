//! Operations on topics that an operator may perform while services run.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tidewatch_kafka::KafkaArgs;
use tidewatch_kafka::topics::{self, Topic};

use crate::eventually;

/// Time limit for an operation, and for the broker to release the name of a deleted topic.
const LIMIT: Duration = Duration::from_secs(20);

/// An operator of a real Kafka.
pub struct Admin {
    client: AdminClient<DefaultClientContext>,
    kafka: KafkaArgs,
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(LIMIT))
}

impl Admin {
    /// Creates an operator of the Kafka with these arguments.
    pub fn new(kafka: &KafkaArgs) -> Self {
        let client = ClientConfig::new().set("bootstrap.servers", &kafka.brokers).create().unwrap();
        Self { client, kafka: kafka.clone() }
    }

    /// Deletes a topic.
    pub async fn delete(&self, topic: &Topic) {
        self.client.delete_topics(&[topic.name], &options()).await.unwrap()[0].as_ref().unwrap();
    }

    /// Creates missing topics, as soon as the broker has released the names of deleted ones.
    pub async fn create_missing(&self) {
        eventually("every topic exists", LIMIT, async || topics::ensure(&self.kafka).await.ok()).await;
    }

    /// Makes the topic reject batches of more than `bytes` bytes.
    pub async fn limit(&self, topic: &Topic, bytes: u32) {
        let bytes = bytes.to_string();
        let change = AlterConfig::new(ResourceSpecifier::Topic(topic.name)).set("max.message.bytes", &bytes);
        self.client.alter_configs(&[change], &options()).await.unwrap()[0].as_ref().unwrap();
    }

    /// Deletes the records of a partition before `offset`, as retention does.
    pub async fn delete_before(&self, topic: &Topic, partition: i32, offset: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic.name, partition, Offset::Offset(offset)).unwrap();
        self.client.delete_records(&list, &options()).await.unwrap();
    }
}
