//! A mock-slack on free ports, and helpers that send requests to it.
use mock_slack::{Config, MockSlack};
use serde_json::{Value, json};
use std::path::Path;
use tidewatch_testkit::RunningService;

/// Starts a mock-slack.
pub(crate) async fn start(data_dir: Option<&Path>) -> RunningService {
    RunningService::start::<MockSlack>(Config { data_dir: data_dir.map(Into::into) }).await
}

pub(crate) async fn post(base: &str, path: &str, body: String) -> (u16, String) {
    let answer = reqwest::Client::new().post(format!("{base}{path}")).body(body).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

pub(crate) async fn alerts(base: &str) -> Vec<Value> {
    reqwest::get(format!("{base}/api/alerts")).await.unwrap().json().await.unwrap()
}

/// Returns a webhook with one alert, as Alertmanager sends it.
pub(crate) fn webhook(fingerprint: &str, status: &str) -> Value {
    let ends = if status == "resolved" { "2026-01-02T03:05:15Z" } else { "0001-01-01T00:00:00Z" };
    json!({ "version": "4", "receiver": "chat", "status": status, "alerts": [{
        "status": status,
        "labels": { "alertname": "HighErrorRate", "service": "auth-service", "severity": "critical" },
        "annotations": { "summary": "31 % of requests fail", "runbook_url": "https://example.org/HighErrorRate" },
        "startsAt": "2026-01-02T03:04:05Z", "endsAt": ends, "fingerprint": fingerprint,
    }] })
}
