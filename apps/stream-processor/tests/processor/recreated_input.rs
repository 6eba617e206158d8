//! Offsets that changed their meaning: the input was recreated, or retention was faster than the processor.

use std::time::Duration;

use crate::support::{Kafka, Mood, Process, alerts, event, eventually, produce, real_kafka, seconds};
use jiff::Timestamp;
use tidewatch_contract::AlertState;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{Producer, partition_of};
use tidewatch_testkit::Admin;

const PATIENCE: Duration = Duration::from_secs(60);

/// Writes ten events per second over `span` seconds, up to a second ago.
async fn write(kafka: &Kafka, span: i64, mood: Mood) {
    let producer = Producer::new(&kafka.args, "test").unwrap();
    let end = Timestamp::now() - seconds(1);
    for tenth in 0..span * 10 {
        let at = end - seconds(span) + jiff::SignedDuration::from_millis(tenth * 100);
        produce(&producer, &event("user-service", at, mood, tenth.unsigned_abs())).await;
    }
    producer.flush(PATIENCE).await.unwrap();
}

async fn total(process: &Process, name: &str) -> Option<u64> {
    process.status().await?["totals"][name].as_u64()
}

async fn counted(process: &Process, count: u64) {
    eventually("count of every record", PATIENCE, async || {
        let seen = total(process, "processed").await? + total(process, "late").await?;
        (seen == count && total(process, "produced").await? == count && process.is_ready().await).then_some(())
    })
    .await;
}

async fn fired(kafka: &Kafka, state: AlertState) {
    eventually("alert", PATIENCE, async || {
        alerts(&kafka.args)
            .await
            .iter()
            .any(|alert| alert.rule == "HighErrorRate" && alert.state == state)
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_recreated_while_the_processor_was_down_is_read_and_its_alert_resolved() {
    let Some(kafka) = real_kafka("a_topic_created_anew_while_nobody_watched").await else { return };
    let admin = Admin::new(&kafka.args);
    let process = Process::start(&kafka.args, Some("processor-0"));
    write(&kafka, 180, Mood::Failing).await;
    fired(&kafka, AlertState::Firing).await;
    counted(&process, 1800).await;
    process.terminate();

    admin.delete(&METRICS_RAW).await;
    admin.create_missing().await;
    let process = Process::start(&kafka.args, Some("processor-0"));
    write(&kafka, 20, Mood::Well).await;
    counted(&process, 200).await;
    process.terminate();
    // The next owner finds the new offsets as well.
    let process = Process::start(&kafka.args, Some("processor-0"));
    write(&kafka, 1, Mood::Well).await;
    counted(&process, 210).await;
    assert_eq!(process.status().await.unwrap()["groups"].as_array().unwrap().len(), 1, "still the same group");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_recreated_under_a_running_processor_is_read() {
    let Some(kafka) = real_kafka("a_topic_created_anew_under_a_running_processor").await else { return };
    let admin = Admin::new(&kafka.args);
    let process = Process::start(&kafka.args, Some("processor-0"));
    write(&kafka, 30, Mood::Well).await;
    counted(&process, 300).await;
    admin.delete(&METRICS_RAW).await;
    admin.create_missing().await;
    write(&kafka, 10, Mood::Well).await;
    counted(&process, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_retention_emptied_before_it_was_read_is_reported_and_counted() {
    let Some(kafka) = real_kafka("a_partition_that_retention_emptied").await else { return };
    write(&kafka, 10, Mood::Well).await;
    let process = Process::start(&kafka.args, Some("processor-0"));
    counted(&process, 100).await;
    process.terminate();
    write(&kafka, 5, Mood::Well).await;
    Admin::new(&kafka.args).delete_before(&METRICS_RAW, partition_of(b"user-service", 12), 150).await;

    let process = Process::start(&kafka.args, Some("processor-0"));
    let gap = eventually("readiness although no record arrives", PATIENCE, async || {
        let status = process.status().await?;
        let gap: u64 = status["partitions"].as_array()?.iter().filter_map(|partition| partition["gap"].as_u64()).sum();
        (gap > 0 && process.is_ready().await).then_some(gap)
    })
    .await;
    assert_eq!(gap, 50);
    assert_eq!(total(&process, "lag").await, Some(0));
}
