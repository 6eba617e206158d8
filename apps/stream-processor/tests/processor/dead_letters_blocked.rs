//! Dead letters that can't be written hold up their partition and nothing else. No record is skipped, and the partition
//! continues once they can be written.

use std::time::Duration;

use crate::support::{Mood, Process, all_of, dead_letters, event, eventually, produce, real_kafka, seconds};
use jiff::Timestamp;
use tidewatch_contract::{RequestEvent, Truncation};
use tidewatch_kafka::topics::{METRICS_RAW, METRICS_RAW_DLQ, PROCESSOR_STATE};
use tidewatch_kafka::{KafkaArgs, Message, Producer, partition_of};
use tidewatch_testkit::Admin;

const PATIENCE: Duration = Duration::from_secs(60);

async fn send(producer: &Producer, service: &str, payload: &[u8]) -> (i32, i64) {
    producer.send(Message::event::<RequestEvent>(METRICS_RAW.name, service, payload)).await.unwrap()
}

/// Returns the offset that the state of a partition covers.
async fn saved_position(kafka: &KafkaArgs, partition: i32) -> Option<i64> {
    let records = all_of(kafka, &PROCESSOR_STATE).await;
    let own = |record: &&tidewatch_kafka::Record| {
        record.partition == partition && record.key.as_deref() == Some(&b"@partition"[..])
    };
    let state: serde_json::Value = serde_json::from_slice(&records.iter().rfind(own)?.payload).unwrap();
    state["next_offset"].as_i64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_dead_letter_queue_blocks_only_its_partition_until_it_is_back() {
    let Some(kafka) = real_kafka("a_missing_queue_holds_up_its_partition_alone").await else { return };
    let admin = Admin::new(&kafka.args);
    let process = Process::start(&kafka.args, Some("processor-0"));
    eventually("readiness", PATIENCE, async || process.is_ready().await.then_some(())).await;
    admin.delete(&METRICS_RAW_DLQ).await;

    let producer = Producer::new(&kafka.args, "test").unwrap();
    let mut bad = vec![send(&producer, "user-service", b"certainly not").await];
    let why = eventually("readiness that reports it", PATIENCE, async || {
        process.unready_because().await.filter(|why| why.contains("dead letters"))
    })
    .await;
    assert!(!why.contains("checkpoint"), "checkpoints continue for the others: {why}");

    bad.push(send(&producer, "user-service", b"nor this").await);
    let other = partition_of(b"api-service", 12);
    assert_ne!(other, bad[0].0);
    produce(&producer, &event("api-service", Timestamp::now(), Mood::Well, 1)).await;
    producer.flush(PATIENCE).await.unwrap();
    eventually("checkpoint of another partition", PATIENCE, async || {
        (saved_position(&kafka.args, other).await? == 1).then_some(())
    })
    .await;
    assert_eq!(saved_position(&kafka.args, bad[0].0).await, Some(0), "no state goes beyond an unwritten dead letter");

    admin.create_missing().await;
    eventually("readiness without a restart", PATIENCE, async || process.is_ready().await.then_some(())).await;
    eventually("every dead letter", PATIENCE, async || {
        let found: Vec<(i32, i64)> = dead_letters(&kafka.args).await.into_keys().collect();
        (found == bad).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_too_large_is_truncated_until_it_fits() {
    let Some(kafka) = real_kafka("what_the_queue_refuses_for_its_size").await else { return };
    Admin::new(&kafka.args).limit(&METRICS_RAW_DLQ, 5_000).await;
    let process = Process::start(&kafka.args, Some("processor-0"));
    let producer = Producer::new(&kafka.args, "test").unwrap();
    // Random bytes, so that compression can't make the payload fit.
    let payload: Vec<u8> = (0..100_000).map(|_| rand::random::<u8>()).collect();
    let place = send(&producer, "user-service", &payload).await;
    let letter = eventually("dead letter", PATIENCE, async || dead_letters(&kafka.args).await.remove(&place)).await;
    assert_eq!(letter.payload, payload[..4096]);
    let truncation = Truncation::read(|name| letter.header(name)).unwrap();
    assert_eq!((truncation.bytes, truncation.sha256.len()), (100_000, 64));
    produce(&producer, &event("user-service", Timestamp::now() - seconds(1), Mood::Well, 1)).await;
    eventually("readiness and the next event", PATIENCE, async || {
        (process.is_ready().await && process.status().await?["totals"]["processed"] == 1).then_some(())
    })
    .await;
}
