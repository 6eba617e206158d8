//! A bridge whose clients have lost the brokers for good ends with an error, so that it is started again.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use metrics_bridge::MetricsBridge;
use tidewatch_testkit::{Broker, Proxy, RunningService, configuration, eventually};

/// It takes 30 s, but the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_has_lost_its_brokers_ends_with_an_error_that_names_the_client() {
    let broker = Broker::in_process();
    let proxy = Proxy::start(&broker.args().brokers).await;
    // Without it, some clients return to the bootstrap servers by themselves.
    let flags = ["--brokers", &proxy.args().brokers, "--kafka-config", "metadata.recovery.strategy=none"];
    let bridge = RunningService::start::<MetricsBridge>(configuration::<MetricsBridge>(&flags)).await;
    bridge.is_ready().await;
    proxy.fence(true);
    let told = async || proxy.told("metrics-bridge-ends").then_some(());
    eventually("an answer without brokers", PATIENCE, told).await;
    proxy.fence(false);
    let error = bridge.fails_within(PATIENCE).await;
    assert!(error.starts_with("kafka client metrics-bridge"), "{error}");
    assert!(error.ends_with("it has to be started again"), "{error}");
}
