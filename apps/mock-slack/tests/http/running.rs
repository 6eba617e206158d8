//! A mock-slack on free ports, and helpers that send requests to it.
use mock_slack::{Config, MockSlack};
use serde_json::{Value, json};
use std::path::Path;
use tidewatch_service::{AdminArgs, Service, Shutdown};
use tokio::task::JoinHandle;

pub(crate) struct Running {
    pub(crate) base: String,
    pub(crate) admin: String,
    shutdown: Shutdown,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub(crate) async fn start(data_dir: Option<&Path>) -> Self {
        let any = ([127, 0, 0, 1], 0).into();
        let admin = AdminArgs::at(([127, 0, 0, 1], 0));
        let service = MockSlack::bind(Config { listen: any, data_dir: data_dir.map(Into::into), admin }).await.unwrap();
        let (base, admin) = (format!("http://{}", service.addr()), format!("http://{}", service.admin_addr()));
        let shutdown = Shutdown::new();
        let task = tokio::spawn(service.run(shutdown.clone()));
        Self { base, admin, shutdown, task }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.trigger();
        self.task.await.unwrap().unwrap();
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, String) {
        post(&self.base, path, body.to_string()).await
    }

    pub(crate) async fn alerts(&self) -> Vec<Value> {
        alerts(&self.base).await
    }

    pub(crate) async fn metrics(&self) -> String {
        reqwest::get(format!("{}/metrics", self.admin)).await.unwrap().text().await.unwrap()
    }
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
