//! A platform that was off while no processor was running is not an outage of its services.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tidewatch_kafka::{KafkaArgs, Producer};

use crate::support::{Mood, Process, alerts, event, eventually, produce, real_kafka, seconds};

const TENTH: SignedDuration = SignedDuration::from_millis(100);

/// Writes three minutes of events at once, so that the traffic rules are armed, then one every 100 ms until `stop`. The
/// first event is at `begin`.
async fn write(kafka: KafkaArgs, begin: Timestamp, stop: Arc<AtomicBool>) {
    let producer = Producer::new(&kafka, "test-workload").unwrap();
    let mut due = tokio::time::interval(TENTH.unsigned_abs());
    let mut number: u32 = 0;
    while number < 1800 || !stop.load(Ordering::Relaxed) {
        if number >= 1800 {
            due.tick().await;
        }
        let at = begin + TENTH * i32::try_from(number).unwrap();
        produce(&producer, &event("user-service", at, Mood::Well, number.into())).await;
        number += 1;
    }
    producer.flush(Duration::from_secs(30)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unwatched_period_raises_no_alert_when_the_services_are_back() {
    let Some(kafka) = real_kafka("a_stretch_that_nobody_watched_raises_no_alert").await else { return };
    let life = async |begin: Timestamp| {
        let stop = Arc::new(AtomicBool::new(false));
        let writing = tokio::spawn(write(kafka.args.clone(), begin, Arc::clone(&stop)));
        let process = Process::start(&kafka.args, Some("processor-0"));
        // Evaluated beyond the three minutes while events still arrive, so the wall clock isn't involved.
        eventually("watermark", Duration::from_secs(60), async || {
            let status = process.status().await?;
            let watermarks = status["partitions"].as_array()?.iter().filter_map(|row| row["watermark"].as_str());
            watermarks.filter_map(|text| text.parse::<Timestamp>().ok()).max().filter(|at| *at > begin + seconds(181))
        })
        .await;
        process.terminate();
        stop.store(true, Ordering::Relaxed);
        writing.await.unwrap();
    };
    let begin = Timestamp::now() - seconds(3_600);
    life(begin).await;
    life(begin + seconds(1_800)).await;
    assert_eq!(alerts(&kafka.args).await, [], "half an hour was off between the two");
}
