//! A bridge that runs within the test, for scrapes every second.
#![allow(dead_code, reason = "each test file is a crate of its own and uses its part of this")]

use metrics_bridge::{Config, MetricsBridge};
use tidewatch_kafka::KafkaArgs;
use tidewatch_testkit::RunningService;

/// The limit on its series.
pub(crate) const MOST_SERIES: u32 = 20_000;

/// Starts a bridge.
pub(crate) async fn start(kafka: &KafkaArgs) -> RunningService {
    let config = Config { kafka: kafka.clone(), max_series: MOST_SERIES, scrape_interval: 1 };
    RunningService::start::<MetricsBridge>(config).await
}
