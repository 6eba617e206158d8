//! Which alerts the real Alertmanager inhibits because of others, with the generated configuration.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tidewatch_servers::alertmanager::{Alertmanager, Receivers};
use tidewatch_servers::process::Port;
use tidewatch_servers::{Installation, Running};
use tidewatch_testkit::{eventually, program};

const PAGE: &str = "alertname=ErrorBudgetBurnPage severity=critical service=pay slo=pay-availability long_window=1h";

/// Firing alerts, and the indices of those that are inhibited.
const CASES: [(&str, &[&str], &[usize]); 7] = [
    (
        "a ticket while the page of the same SLO fires, but not that of another SLO",
        &[
            PAGE,
            "alertname=ErrorBudgetBurnTicket severity=warning service=pay slo=pay-availability long_window=1d",
            "alertname=ErrorBudgetBurnTicket severity=warning service=pay slo=pay-latency long_window=1d",
        ],
        &[1],
    ),
    (
        "nothing if a ticket fires alone",
        &["alertname=ErrorBudgetBurnTicket severity=warning service=pay slo=pay-availability long_window=1d"],
        &[],
    ),
    (
        "an info alert under a threshold alert of the same service",
        &[
            "alertname=HighErrorRate severity=critical service=pay path=fast",
            "alertname=SlowSearch severity=info service=pay path=fast",
            "alertname=SlowSearch severity=info service=auth path=fast",
            "alertname=Watchdog severity=info path=slow",
        ],
        &[1],
    ),
    (
        "lag and missing verdicts without Kafka, but not a receiver that refuses alerts",
        &[
            "alertname=KafkaUnreachable severity=critical",
            "alertname=KafkaConsumerLagHigh severity=warning job=metrics-bridge",
            "alertname=StreamProcessorNotJudging severity=critical",
            "alertname=AlertRelayNotDelivering severity=critical receiver=webhook",
        ],
        &[1, 2],
    ),
    (
        "warnings of a job that is down, but neither another job's nor a critical alert",
        &[
            "alertname=TargetDown severity=critical job=stream-processor",
            "alertname=KafkaConsumerLagHigh severity=warning job=stream-processor",
            "alertname=KafkaConsumerLagHigh severity=warning job=metrics-bridge",
            "alertname=StreamProcessorNotJudging severity=critical",
            "alertname=TargetDown severity=warning job=stream-processor instance=other",
        ],
        &[1, 3],
    ),
    (
        "absent indicators while the bridge is down",
        &[
            "alertname=TargetDown severity=critical job=metrics-bridge",
            "alertname=SLOIndicatorAbsent severity=warning service=pay slo=pay-availability",
        ],
        &[1],
    ),
    (
        "nothing if another job than the bridge is down",
        &[
            "alertname=TargetDown severity=warning job=console",
            "alertname=SLOIndicatorAbsent severity=warning service=pay slo=pay-availability",
        ],
        &[],
    ),
];

#[tokio::test]
async fn alerts_that_follow_from_another_are_inhibited_and_no_others() {
    let test = "alerts_that_follow_from_another_are_inhibited_and_no_others";
    let Some(alertmanager) = program("alertmanager", test) else { return };
    let installation = Installation::of("alertmanager", alertmanager);
    let receivers = Receivers::Webhook("http://127.0.0.1:1/webhook".into());
    let server = Alertmanager { installation, receivers };
    for (what, alerts, inhibited) in CASES {
        let dir = tempfile::tempdir().unwrap();
        let running = Running::start(&server, dir.path(), Port::Free).await.unwrap();
        let alerts: Vec<BTreeMap<&str, &str>> = alerts.iter().map(|text| labels(text)).collect();
        let posted: Vec<Value> = alerts.iter().map(|labels| json!({ "labels": labels })).collect();
        let posting = reqwest::Client::new().post(format!("{}/api/v2/alerts", running.url())).json(&posted).send();
        assert!(posting.await.unwrap().status().is_success(), "{what}");
        let expected: Vec<bool> = (0..alerts.len()).map(|place| inhibited.contains(&place)).collect();
        eventually(what, Duration::from_secs(10), async || {
            (suppressed(&running, &alerts).await? == expected).then_some(())
        })
        .await;
    }
}

fn labels(text: &str) -> BTreeMap<&str, &str> {
    text.split(' ').map(|label| label.split_once('=').unwrap()).collect()
}

/// Returns for each alert whether it is inhibited, once Alertmanager has all of them.
async fn suppressed(running: &Running, alerts: &[BTreeMap<&str, &str>]) -> Option<Vec<bool>> {
    let all: Vec<Value> = reqwest::get(format!("{}/api/v2/alerts", running.url())).await.ok()?.json().await.ok()?;
    let of = |labels: &BTreeMap<&str, &str>| {
        let alert = all.iter().find(|alert| alert["labels"] == json!(labels))?;
        Some(!alert["status"]["inhibitedBy"].as_array()?.is_empty())
    };
    alerts.iter().map(of).collect()
}
