//! Alerts that can't be written are kept and reported. Evaluation continues meanwhile, and each alert is written once
//! it can be.

use std::time::Duration;

use crate::support::{Mood, Process, alerts, event, eventually, produce, real_kafka, seconds};
use jiff::Timestamp;
use tidewatch_kafka::Producer;
use tidewatch_kafka::topics::ALERTS_FIRED;
use tidewatch_testkit::Admin;

const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn without_its_topic_an_alert_waits_but_evaluation_continues() {
    let Some(kafka) = real_kafka("without_its_topic_an_alert_waits").await else { return };
    let admin = Admin::new(&kafka.args);
    let process = Process::start(&kafka.args, Some("processor-0"));
    eventually("readiness", PATIENCE, async || process.is_ready().await.then_some(())).await;
    admin.delete(&ALERTS_FIRED).await;

    let producer = Producer::new(&kafka.args, "test").unwrap();
    let end = Timestamp::now() - seconds(1);
    for tenth in 0..1_800 {
        let at = end - seconds(180) + jiff::SignedDuration::from_millis(tenth * 100);
        produce(&producer, &event("user-service", at, Mood::Failing, tenth.unsigned_abs())).await;
    }
    eventually("readiness that reports it", PATIENCE, async || {
        process.unready_because().await.filter(|why| why.contains("alerts"))
    })
    .await;
    eventually("count of every event", PATIENCE, async || {
        (process.status().await?["totals"]["processed"] == 1_800).then_some(())
    })
    .await;

    admin.create_missing().await;
    eventually("readiness without a restart", PATIENCE, async || process.is_ready().await.then_some(())).await;
    let mut written = alerts(&kafka.args).await;
    // The service no longer sends: if the steps above take the machine 47 s, its silence is reported as well.
    written.retain(|alert| alert.rule != "TrafficDrop");
    assert_eq!(written.len(), 1, "{written:?}");
    assert_eq!(written[0].rule, "HighErrorRate");
}
