//! An unreachable broker is reported and waited for, and doesn't prevent a shutdown.

use std::time::{Duration, Instant};

use crate::support::{Process, eventually, real_kafka};

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_the_broker_and_shuts_down_cleanly_without_it() {
    let Some(mut kafka) = real_kafka("it_waits_for_the_broker").await else { return };
    kafka.broker.kafka().unwrap().kill();
    let process = Process::start(&kafka.args, Some("processor-0"));
    eventually("readiness that reports it", PATIENCE, async || {
        process.unready_because().await.filter(|why| why.contains("no answer from the broker"))
    })
    .await;
    kafka.broker.kafka().unwrap().restart().await.unwrap();
    eventually("readiness without a restart", PATIENCE, async || process.is_ready().await.then_some(())).await;

    kafka.broker.kafka().unwrap().kill();
    let told = Instant::now();
    process.terminate();
    assert!(told.elapsed() < Duration::from_secs(10), "drained within {:?}", told.elapsed());
}
