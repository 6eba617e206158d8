//! Guarantees of the clients that only a real Kafka can show: transactions, retention, topics just created.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::{Duration, Instant};

use tidewatch_kafka::{
    Commit, Committed, Fetched, GroupArgs, GroupConsumer, KafkaArgs, KafkaError, Message, Ownership, Producer, Reader,
    Record, partition_of, topics,
};
use tidewatch_servers::kafka::RealKafka;
use tidewatch_servers::process::Port;
use tidewatch_testkit::{Admin, Broker, Transactions, kafka};

async fn write(kafka: &KafkaArgs, payload: &str) {
    let topic = topics::LOGS_RAW.name;
    let payload = Some(payload.as_bytes());
    let message = Message { topic, partition: Some(0), key: None, payload, schema: None, headers: &[] };
    Producer::new(kafka, "test").unwrap().send(message).await.unwrap();
}

#[tokio::test]
async fn the_ends_of_a_topic_are_known_as_soon_as_it_is_created() {
    let Some(installation) = kafka("topics_can_be_asked_for_their_ends") else { return };
    let dir = tempfile::tempdir().unwrap();
    let broker = RealKafka::start(&installation, dir.path(), Port::Free).await.unwrap();
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
    let Some(broker) = Broker::real("records_before_holes_at_the_end_are_found").await else { return };
    let args = broker.args();
    let (topic, transactions) = (topics::BRIDGE_STATE, Transactions::new(args, "sink"));
    let partition = partition_of(b"key", topic.partitions as usize);
    transactions.write(&topic, "key", ["kept"]);
    transactions.commit();
    transactions.write(&topic, "key", ["taken back"]);
    transactions.abort();
    transactions.write(&topic, "key", ["still open"]);

    let reader = Reader::new(args, "test").unwrap();
    let text = |record: &Record| String::from_utf8(record.payload.clone()).unwrap();
    assert_eq!(reader.ends(&topic).await.unwrap()[&partition], (0, 4), "two records, two ends of transactions");
    let uncommitted = Reader::uncommitted(args, "test").unwrap();
    assert_eq!(uncommitted.ends(&topic).await.unwrap()[&partition], (0, 5));
    let all = reader.read_to_end(&topic).await.unwrap();
    assert_eq!(all.iter().map(text).collect::<Vec<_>>(), ["kept"]);
    let last = reader.last_records(&topic).await.unwrap();
    assert_eq!(
        last.iter().map(|(partition, record)| (*partition, text(record))).collect::<Vec<_>>(),
        [(partition, "kept".to_owned())]
    );
}

#[tokio::test]
async fn deleted_records_are_out_of_range_and_reading_resumes_at_the_given_offset() {
    let Some(broker) = Broker::real("deleted_records_are_out_of_range").await else { return };
    let args = broker.args();
    for number in 0..5 {
        write(args, &number.to_string()).await;
    }
    Admin::new(args).delete_before(&topics::LOGS_RAW, 0, 3).await;

    let member = GroupConsumer::join(args, &GroupArgs::default(), "test", topics::LOGS_RAW, FromTheBeginning).unwrap();
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
    write(args, "5").await;
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
