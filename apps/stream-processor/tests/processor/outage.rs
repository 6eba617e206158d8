//! A broker that is killed and comes back 40 s later must not cause alerts about the services.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Mood, Process, alerts, event, eventually, produce, real_kafka, seconds};
use jiff::Timestamp;
use tidewatch_kafka::{KafkaArgs, Producer};

const OUTAGE: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(100);

/// Writes three minutes of history at once, so that the traffic rules are armed, then one event every 100 ms until
/// `stop`.
async fn live(kafka: KafkaArgs, stop: Arc<AtomicBool>) -> u64 {
    let producer = Producer::new(&kafka, "test-workload").unwrap();
    let now = Timestamp::now();
    for tenth in 0..1800 {
        let at = now - seconds(180) + jiff::SignedDuration::from_millis(tenth * 100);
        produce(&producer, &event("user-service", at, Mood::Well, tenth.unsigned_abs())).await;
    }
    let mut due = tokio::time::interval(PAUSE);
    let mut count = 1800;
    while !stop.load(Ordering::Relaxed) {
        due.tick().await;
        produce(&producer, &event("user-service", Timestamp::now(), Mood::Well, count)).await;
        count += 1;
    }
    producer.flush(Duration::from_secs(30)).await.unwrap();
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_returns_after_forty_seconds_raises_no_traffic_alert() {
    let Some(mut kafka) = real_kafka("a_broker_that_returns_after_forty_seconds").await else { return };
    let stop = Arc::new(AtomicBool::new(false));
    let workload = tokio::spawn(live(kafka.args.clone(), Arc::clone(&stop)));
    let process = Process::start(&kafka.args, Some("processor-0"));
    let processed = async || process.status().await?["totals"]["processed"].as_u64();
    eventually("armed group", Duration::from_secs(30), async || (processed().await? > 1800).then_some(())).await;

    kafka.broker.kafka().unwrap().kill();
    eventually("readiness that reports it", Duration::from_secs(30), async || {
        (!process.is_ready().await).then_some(())
    })
    .await;
    tokio::time::sleep(OUTAGE.saturating_sub(Duration::from_secs(10))).await;
    kafka.broker.kafka().unwrap().restart().await.unwrap();
    let back = Instant::now();
    eventually("readiness without a restart", Duration::from_secs(60), async || process.is_ready().await.then_some(()))
        .await;
    // Until every window affected by the outage, and the grace period after it, has been evaluated.
    tokio::time::sleep(Duration::from_secs(75).saturating_sub(back.elapsed())).await;
    stop.store(true, Ordering::Relaxed);
    let produced = workload.await.unwrap();
    eventually("complete count", Duration::from_secs(30), async || {
        let totals = process.status().await?["totals"].clone();
        let count = |name: &str| totals[name].as_u64().unwrap_or_default();
        (count("produced") == produced && count("processed") + count("late") == produced).then_some(())
    })
    .await;
    assert_eq!(alerts(&kafka.args).await, [], "no alert for an outage of the broker");
}
