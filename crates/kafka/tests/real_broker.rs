//! Guarantees of the clients that only a real Kafka can show: transactions, retention, topics just created.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tidewatch_kafka::{
    Commit, Committed, Fetched, GroupArgs, GroupConsumer, KafkaArgs, KafkaError, Message, Ownership, Producer, Reader,
    Record, topics,
};
use tidewatch_servers::kafka::{Installation, RealKafka};
use tidewatch_servers::process::Port;

/// Finds the Kafka on this machine, or prints a line with the reason why the test is skipped.
fn kafka(test: &str) -> Option<Installation> {
    RealKafka::discover()
        .inspect_err(|why| {
            // Written at once, so that the line isn't interleaved with the output of other tests.
            std::io::stderr().write_all(format!("skipped: {test}: needs kafka: {why}\n").as_bytes()).unwrap();
        })
        .ok()
}

async fn start(installation: &Installation, dir: &Path) -> RealKafka {
    RealKafka::start(installation, dir, Port::Free).await.unwrap()
}

async fn write(broker: &RealKafka, payload: &str) {
    let args = KafkaArgs::new(broker.brokers());
    let topic = topics::LOGS_RAW.name;
    let payload = Some(payload.as_bytes());
    let message = Message { topic, partition: Some(0), key: None, payload, schema: None, headers: &[] };
    Producer::new(&args, "test").unwrap().send(message).await.unwrap();
}

#[tokio::test]
async fn topics_can_be_asked_for_their_ends_as_soon_as_they_are_created() {
    let Some(installation) = kafka("topics_can_be_asked_for_their_ends") else { return };
    let dir = tempfile::tempdir().unwrap();
    let broker = start(&installation, dir.path()).await;
    let args = KafkaArgs::new(broker.brokers());
    let reader = Reader::new(&args, "test").unwrap();
    topics::ensure(&args).await.unwrap();
    // In reverse: the topics created last have had the least time to get leaders.
    for topic in topics::ALL.iter().rev() {
        let ends = reader.ends(topic).await.unwrap();
        assert_eq!(ends.len(), topic.partitions as usize, "{}", topic.name);
    }
}

#[tokio::test]
async fn records_before_holes_at_the_end_are_found() {
    let Some(installation) = kafka("records_before_holes_at_the_end_are_found") else { return };
    let dir = tempfile::tempdir().unwrap();
    let broker = start(&installation, dir.path()).await;
    let args = KafkaArgs::new(broker.brokers());
    topics::ensure(&args).await.unwrap();
    let producer: FutureProducer =
        ClientConfig::new().set("bootstrap.servers", &args.brokers).set("transactional.id", "sink").create().unwrap();
    let limit = Duration::from_secs(20);
    producer.init_transactions(limit).unwrap();
    let topic = topics::BRIDGE_STATE;
    let write = |payload: &'static str| {
        producer.begin_transaction().unwrap();
        let record = FutureRecord::to(topic.name).partition(2).key("2").payload(payload);
        producer.send_result(record).unwrap();
        producer.flush(limit).unwrap();
    };
    write("kept");
    producer.commit_transaction(limit).unwrap();
    write("taken back");
    producer.abort_transaction(limit).unwrap();
    write("still open");

    let reader = Reader::new(&args, "test").unwrap();
    let text = |record: &Record| String::from_utf8(record.payload.clone()).unwrap();
    assert_eq!(reader.ends(&topic).await.unwrap()[&2], (0, 4), "two records, two ends of transactions");
    let uncommitted = Reader::uncommitted(&args, "test").unwrap();
    assert_eq!(uncommitted.ends(&topic).await.unwrap()[&2], (0, 5));
    let all = reader.read_to_end(&topic).await.unwrap();
    assert_eq!(all.iter().map(text).collect::<Vec<_>>(), ["kept"]);
    let last = reader.last_records(&topic).await.unwrap();
    assert_eq!(
        last.iter().map(|(partition, record)| (*partition, text(record))).collect::<Vec<_>>(),
        [(2, "kept".to_owned())]
    );
}

#[tokio::test]
async fn what_retention_took_is_out_of_range_and_reading_goes_on_where_it_is_told_to() {
    let Some(installation) = kafka("what_retention_took_is_out_of_range") else { return };
    let dir = tempfile::tempdir().unwrap();
    let broker = start(&installation, dir.path()).await;
    let args = KafkaArgs::new(broker.brokers());
    topics::ensure(&args).await.unwrap();
    for number in 0..5 {
        write(&broker, &number.to_string()).await;
    }
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &args.brokers).create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topics::LOGS_RAW.name, 0, Offset::Offset(3)).unwrap();
    admin.delete_records(&list, &AdminOptions::new()).await.unwrap();

    let member = GroupConsumer::join(&args, &GroupArgs::default(), "test", topics::LOGS_RAW, FromTheBeginning).unwrap();
    let deadline = Instant::now() + Duration::from_secs(40);
    let next = || {
        while Instant::now() < deadline {
            match member.poll(Duration::from_millis(100)).unwrap() {
                Some(Fetched::Record(record)) => return format!("record {}", record.offset()),
                Some(Fetched::OutOfRange) => return "out of range".to_owned(),
                _ => {}
            }
        }
        "nothing".to_owned()
    };
    assert_eq!(next(), "out of range");
    let ends = member.ask_ends(&[0]).unwrap();
    assert_eq!(ends[&0], (3, 5));
    member.go_on_at(&[(0, 3)]).unwrap();
    assert_eq!([next(), next()], ["record 3", "record 4"]);
    write(&broker, "5").await;
    assert_eq!(next(), "record 5");
}

/// A handler that reads every partition from offset 0.
struct FromTheBeginning;

impl Ownership for FromTheBeginning {
    fn assigned(&mut self, partitions: Vec<Committed>) -> Result<Vec<(i32, i64)>, KafkaError> {
        Ok(partitions.iter().map(|committed| (committed.partition, 0)).collect())
    }

    fn revoked(&mut self, _: &[i32], _: &dyn Fn(&[Commit]) -> Result<(), KafkaError>) {}

    fn lost(&mut self, _: &[i32]) {}
}
