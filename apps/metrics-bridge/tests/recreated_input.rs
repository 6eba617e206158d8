//! Offsets that are no longer valid: the input was recreated, or retention deleted records before the bridge read them.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/bridge.rs"]
mod bridge;
mod support;

use std::time::{Duration, Instant};

use support::{Exposition, event, json};
use tidewatch_contract::RequestEvent;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, Message, Producer, partition_of};
use tidewatch_testkit::{Admin, Broker, RunningService, Transactions};
use tokio::time::sleep;

const SERVICE: &str = "user-service";
const DEADLINE: Duration = Duration::from_secs(60);

struct Kafka {
    args: KafkaArgs,
    admin: Admin,
    _broker: Broker,
}

/// Returns the payload of a request that has just ended.
fn payload() -> Vec<u8> {
    json(&RequestEvent { timestamp: jiff::Timestamp::now(), ..event(SERVICE, "/x") })
}

impl Kafka {
    /// Starts Kafka. If it is not installed, reports `test` as skipped.
    async fn start(test: &str) -> Option<Self> {
        let broker = Broker::real(test).await?;
        let args = broker.args().clone();
        Some(Self { admin: Admin::new(&args), args, _broker: broker })
    }

    async fn write(&self, count: usize) {
        // A new producer each time: an old one would continue its sequence numbers from the old topic.
        let producer = Producer::new(&self.args, "test").unwrap();
        for _ in 0..count {
            producer.send(Message::event::<RequestEvent>(METRICS_RAW.name, SERVICE, &payload())).await.unwrap();
        }
    }

    /// Deletes the records before `offset`, as retention does.
    async fn delete_before(&self, offset: i64) {
        self.admin.delete_before(&METRICS_RAW, partition_of(SERVICE.as_bytes(), 12), offset).await;
    }
}

/// Waits until it is ready, has counted `count` records and shows all of them, asserting that it never shows fewer
/// than `before`.
async fn counts(bridge: &RunningService, before: f64, count: f64) -> Exposition {
    let start = Instant::now();
    loop {
        let ready = bridge.readiness().await;
        let (status, text) = bridge.ask_admin("/metrics").await;
        let found = if status == 200 { Exposition::parse(&text) } else { Exposition::default() };
        let (counted, shown) = (of(&found, "records_counted"), found.sum("workload_requests_total", &[]));
        assert!(status != 200 || counted >= before, "counters never fall: {counted} after {before}");
        assert!(counted <= count, "counted {counted} of {count}");
        if ready.0 == 200 && counted == count && shown == count {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "counted {counted}, shown {shown} of {count}, ready {ready:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn of(found: &Exposition, what: &str) -> f64 {
    found.sum(&format!("metrics_bridge_{what}_total"), &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_recreated_while_the_bridge_was_down_is_counted_on_top() {
    let Some(kafka) = Kafka::start("a_topic_recreated_while_the_bridge_was_down_is_counted_on_top").await else {
        return;
    };
    kafka.write(50).await;
    let bridge = bridge::start(&kafka.args).await;
    assert_eq!(of(&counts(&bridge, 0.0, 50.0).await, "partitions_recreated"), 0.0);
    bridge.stop().await;
    kafka.admin.delete(&METRICS_RAW).await;
    kafka.admin.create_missing().await;
    kafka.write(20).await;

    let bridge = bridge::start(&kafka.args).await;
    let found = counts(&bridge, 50.0, 70.0).await;
    assert_eq!((of(&found, "partitions_recreated"), of(&found, "records_missed")), (1.0, 0.0));
    bridge.stop().await;
    // The next start continues from the new offsets.
    kafka.write(5).await;
    let bridge = bridge::start(&kafka.args).await;
    let found = counts(&bridge, 70.0, 75.0).await;
    assert_eq!((of(&found, "partitions_recreated"), of(&found, "records_missed")), (1.0, 0.0));
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_recreated_under_a_running_bridge_is_counted_on_top() {
    let Some(kafka) = Kafka::start("a_topic_recreated_under_a_running_bridge_is_counted_on_top").await else {
        return;
    };
    let bridge = bridge::start(&kafka.args).await;
    kafka.write(50).await;
    counts(&bridge, 0.0, 50.0).await;
    kafka.admin.delete(&METRICS_RAW).await;
    bridge.is_unready("metrics.raw").await;
    kafka.admin.create_missing().await;
    kafka.write(20).await;
    let found = counts(&bridge, 50.0, 70.0).await;
    assert_eq!((of(&found, "partitions_recreated"), of(&found, "records_missed")), (1.0, 0.0));
    kafka.write(5).await;
    counts(&bridge, 70.0, 75.0).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_deleted_before_the_bridge_read_them_are_counted_as_missed() {
    let Some(kafka) = Kafka::start("records_deleted_before_the_bridge_read_them_are_counted_as_missed").await else {
        return;
    };
    kafka.write(10).await;
    let bridge = bridge::start(&kafka.args).await;
    counts(&bridge, 0.0, 10.0).await;
    bridge.stop().await;
    kafka.write(20).await;
    // All records are deleted, so no record arrives that would show the gap in the offsets.
    kafka.delete_before(30).await;

    let bridge = bridge::start(&kafka.args).await;
    let found = counts(&bridge, 10.0, 10.0).await;
    assert_eq!((of(&found, "records_missed"), of(&found, "partitions_recreated")), (20.0, 0.0));
    kafka.write(5).await;
    let found = counts(&bridge, 10.0, 15.0).await;
    assert_eq!(of(&found, "records_missed"), 20.0);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bridge_does_not_wait_for_a_transaction_marker() {
    let Some(kafka) = Kafka::start("the_bridge_does_not_wait_for_a_transaction_marker").await else {
        return;
    };
    let bridge = bridge::start(&kafka.args).await;
    let transactions = Transactions::new(&kafka.args, "sink");
    let write = |count: usize| transactions.write(&METRICS_RAW, SERVICE, (0..count).map(|_| payload()));
    write(10);
    transactions.commit();
    write(5);
    transactions.abort();
    let of_offsets = |found: &Exposition| (of(found, "records_missed"), of(found, "hole_offsets"));
    let holes = async |bridge: &RunningService| {
        let start = Instant::now();
        loop {
            let found = counts(bridge, 0.0, 10.0).await;
            if of_offsets(&found) == (0.0, 7.0) && found.sum("kafka_consumer_lag_records", &[]) == 0.0 {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "missed and holes: {:?}", of_offsets(&found));
            sleep(Duration::from_millis(50)).await;
        }
    };
    holes(&bridge).await;
    bridge.stop().await;
    // Nothing is missed either while an open transaction follows the last counted offset.
    write(5);
    let bridge = bridge::start(&kafka.args).await;
    counts(&bridge, 10.0, 10.0).await;
    transactions.commit();
    let found = counts(&bridge, 10.0, 15.0).await;
    assert_eq!(of(&found, "records_missed"), 0.0);
    bridge.stop().await;
}
