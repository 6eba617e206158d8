//! Killed at any moment, any number of times, the processor loses nothing and writes no alert twice.

use std::time::Duration;

use crate::support::violations::Workload;
use crate::support::{Process, real_kafka};

/// Returns how often the processor is killed; the full measurement sets 50.
fn kills() -> u32 {
    std::env::var("TIDEWATCH_KILLS").ok().map_or(8, |text| text.parse().expect("TIDEWATCH_KILLS is a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_violation_is_reported_exactly_once_however_often_the_processor_is_killed() {
    let Some(kafka) = real_kafka("every_violation_is_told_exactly_once").await else { return };
    let workload = Workload::start(&kafka.args);
    for kill in 1..=kills() {
        let process = Process::start(&kafka.args, Some("processor-0"));
        // From before it has joined until long after, so that every phase of its life is covered.
        let life = Duration::from_millis(rand::random_range(100..5_000));
        tokio::time::sleep(life).await;
        process.kill();
        eprintln!("kill {kill} after {life:?}");
    }
    let survivor = Process::start(&kafka.args, Some("processor-0"));
    workload.end_and_verify(&[&survivor]).await;
}
