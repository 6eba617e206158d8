//! Producers with transactions: control records and aborted records are holes, not losses.

use std::time::Duration;

use crate::support::{Kafka, Mood, Process, alerts, event, eventually, produce, real_kafka, seconds};
use jiff::{SignedDuration, Timestamp};
use tidewatch_contract::{AlertState, Event, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{Producer, Reader, partition_of};
use tidewatch_testkit::{Admin, Transactions};

const PATIENCE: Duration = Duration::from_secs(90);
const SERVICE: &str = "user-service";

/// Returns ten events per second of a service over `span` seconds up to `end`.
fn stream(service: &str, end: Timestamp, span: i64, mood: Mood) -> Vec<RequestEvent> {
    let at = |tenth: i64| end - seconds(span) + SignedDuration::from_millis(tenth * 100);
    (0..span * 10).map(|tenth| event(service, at(tenth), mood, tenth.unsigned_abs())).collect()
}

/// Begins a transaction, and writes the service's events in it.
fn write(transactions: &Transactions, events: &[RequestEvent]) {
    transactions.write(&METRICS_RAW, SERVICE, events.iter().map(Event::to_json));
}

/// Returns the status of the service's partition once all of it is read.
async fn settled(kafka: &Kafka, process: &Process) -> serde_json::Value {
    let partition = partition_of(SERVICE.as_bytes(), 12);
    let reader = Reader::uncommitted(&kafka.args, "test-ends").unwrap();
    eventually("end of the partition", PATIENCE, async || {
        let status = process.status().await?;
        let rows = status["partitions"].as_array()?;
        let row = rows.iter().find(|row| row["partition"] == partition)?.clone();
        // Asked last: the marker of a transaction is written some time after its commit.
        let (_, high) = reader.ends(&METRICS_RAW).await.unwrap()[&partition];
        (row["position"] == high && row["high"] == high && row["lag"] == 0 && process.is_ready().await).then_some(row)
    })
    .await
}

fn accounted(row: &serde_json::Value) {
    let count = |name: &str| row[name].as_i64().unwrap();
    let counted = ["windowed", "late", "dead_lettered", "holes", "gap"].map(count).iter().sum::<i64>();
    assert_eq!(count("position") - count("start"), counted, "{row}");
}

async fn fired(kafka: &Kafka, rule: &str, service: &str) {
    eventually("alert", PATIENCE, async || {
        let alerts = alerts(&kafka.args).await;
        let is_it = |alert: &tidewatch_contract::AlertEvent| {
            alert.rule == rule && alert.state == AlertState::Firing && alert.group["service"] == service
        };
        alerts.iter().any(is_it).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_share_a_partition_with_transactions_are_evaluated_as_usual() {
    let Some(kafka) = real_kafka("whoever_shares_a_partition_with_transactions").await else { return };
    let process = Process::start(&kafka.args, Some("processor-0"));
    let (end, transactions) = (Timestamp::now(), Transactions::new(&kafka.args, "sink"));
    let producer = Producer::new(&kafka.args, "test").unwrap();
    // Both services in the same partition, interleaved second by second.
    let (sink, neighbour) = (stream(SERVICE, end, 180, Mood::Well), stream("neighbour", end, 180, Mood::Failing));
    for (sink, neighbour) in sink.chunks(10).zip(neighbour.chunks(10)) {
        write(&transactions, sink);
        transactions.commit();
        for event in neighbour {
            let payload = event.to_json();
            let message = tidewatch_kafka::Message {
                partition: Some(partition_of(SERVICE.as_bytes(), 12)),
                ..tidewatch_kafka::Message::event::<RequestEvent>(METRICS_RAW.name, SERVICE, &payload)
            };
            producer.send(message).await.unwrap();
        }
    }
    fired(&kafka, "HighErrorRate", "neighbour").await;
    let row = settled(&kafka, &process).await;
    accounted(&row);
    assert_eq!((row["holes"].as_u64(), row["gap"].as_u64()), (Some(180), Some(0)), "one for each transaction");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_transaction_does_not_hide_silence() {
    let Some(kafka) = real_kafka("the_end_of_a_transaction_does_not_hide_silence").await else { return };
    let process = Process::start(&kafka.args, Some("processor-0"));
    let transactions = Transactions::new(&kafka.args, "sink");
    write(&transactions, &stream(SERVICE, Timestamp::now(), 300, Mood::Well));
    transactions.commit();
    write(&transactions, &stream(SERVICE, Timestamp::now(), 1, Mood::Well));
    transactions.abort();
    let row = settled(&kafka, &process).await;
    accounted(&row);
    assert_eq!(row["holes"], 12, "two ends, and the aborted records");
    fired(&kafka, "TrafficDrop", SERVICE).await;
    process.terminate();
    // The state covers the holes as well: the next owner reaches the end and becomes idle.
    let process = Process::start(&kafka.args, Some("processor-0"));
    accounted(&settled(&kafka, &process).await);
    let producer = Producer::new(&kafka.args, "test").unwrap();
    produce(&producer, &event(SERVICE, Timestamp::now(), Mood::Well, 1)).await;
    producer.flush(PATIENCE).await.unwrap();
    let row = settled(&kafka, &process).await;
    accounted(&row);
    assert_eq!(row["holes"], 12, "no hole is counted twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_is_lag_and_its_events_are_not_late_once_it_ends() {
    let Some(kafka) = real_kafka("an_open_transaction_is_a_lag").await else { return };
    let process = Process::start(&kafka.args, Some("processor-0"));
    let producer = Producer::new(&kafka.args, "test").unwrap();
    for event in stream(SERVICE, Timestamp::now(), 30, Mood::Well) {
        produce(&producer, &event).await;
    }
    producer.flush(PATIENCE).await.unwrap();
    settled(&kafka, &process).await;
    let transactions = Transactions::new(&kafka.args, "sink");
    let written = Timestamp::now();
    write(&transactions, &stream(SERVICE, written, 1, Mood::Well));
    let partition = partition_of(SERVICE.as_bytes(), 12);
    let row = async || {
        let status = process.status().await?;
        status["partitions"].as_array()?.iter().find(|row| row["partition"] == partition).cloned()
    };
    // If the partition counted as idle, the wall clock would have evaluated the events' windows by then.
    eventually("lag while ten seconds pass", PATIENCE, async || {
        let row = row().await?;
        (row["lag"] == 10 && Timestamp::now() > written + seconds(12)).then_some(())
    })
    .await;
    transactions.commit();
    let row = settled(&kafka, &process).await;
    assert_eq!((row["windowed"].as_u64(), row["late"].as_u64(), row["holes"].as_u64()), (Some(310), Some(0), Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_deleted_under_a_running_processor_are_lost_and_not_holes() {
    let Some(kafka) = real_kafka("what_retention_takes_under_a_running_processor").await else { return };
    let admin = Admin::new(&kafka.args);
    let process = Process::start(&kafka.args, Some("processor-0"));
    let producer = Producer::new(&kafka.args, "test").unwrap();
    eventually("readiness", PATIENCE, async || process.is_ready().await.then_some(())).await;
    // An open transaction stops the processor from reading on, and retention deletes the records after it.
    let transactions = Transactions::new(&kafka.args, "sink");
    write(&transactions, &stream(SERVICE, Timestamp::now(), 1, Mood::Well));
    for event in stream(SERVICE, Timestamp::now(), 2, Mood::Well) {
        produce(&producer, &event).await;
    }
    producer.flush(PATIENCE).await.unwrap();
    admin.delete_before(&METRICS_RAW, partition_of(SERVICE.as_bytes(), 12), 25).await;
    transactions.commit();
    let row = settled(&kafka, &process).await;
    accounted(&row);
    assert_eq!((row["gap"].as_u64(), row["windowed"].as_u64(), row["holes"].as_u64()), (Some(25), Some(5), Some(1)));
}
