//! How the real Alertmanager groups alerts into notifications with the generated configuration.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tidewatch_servers::alertmanager::{Alertmanager, Receivers};
use tidewatch_servers::process::Port;
use tidewatch_servers::{Installation, Running};
use tidewatch_testkit::{eventually, program};
use tokio::net::TcpListener;

type Received = Arc<Mutex<Vec<Value>>>;

/// Starts a webhook. Returns the list of everything it receives, and its URL.
async fn webhook() -> (Received, String) {
    let received = Received::default();
    let keep = async |State(received): State<Received>, Json(body): Json<Value>| received.lock().unwrap().push(body);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook", listener.local_addr().unwrap());
    let routes = Router::new().route("/webhook", post(keep)).with_state(Arc::clone(&received));
    tokio::spawn(async { axum::serve(listener, routes).await });
    (received, url)
}

async fn fire(alertmanager: &Running, labels: Value) {
    let alerts = [json!({ "labels": labels })];
    let posting = reqwest::Client::new().post(format!("{}/api/v2/alerts", alertmanager.url())).json(&alerts).send();
    assert!(posting.await.unwrap().status().is_success());
}

#[tokio::test]
async fn a_slow_alert_joins_the_notification_of_its_fast_twin_and_watchdog_notifies_no_person() {
    let test = "a_slow_alert_joins_the_notification_of_its_fast_twin_and_watchdog_notifies_no_person";
    let Some(alertmanager) = program("alertmanager", test) else { return };
    let (received, url) = webhook().await;
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation::of("alertmanager", alertmanager);
    let server = Alertmanager { installation, receivers: Receivers::Webhook(url) };
    let alertmanager = Running::start(&server, dir.path(), Port::Free).await.unwrap();

    fire(&alertmanager, json!({ "alertname": "Watchdog", "severity": "info", "path": "slow" })).await;
    let error_rate = |path: &str, region: Option<&str>| {
        let mut labels =
            json!({ "alertname": "HighErrorRate", "severity": "critical", "service": "pay", "path": path });
        if let Some(region) = region {
            labels["region"] = region.into();
        }
        labels
    };
    fire(&alertmanager, error_rate("fast", Some("eu-west-1"))).await;
    let alerts = |notification: &Value| notification["alerts"].as_array().unwrap().len();
    // Other alerts wait for 10 s.
    eventually("the fast path's alert is sent at once", Duration::from_secs(8), async || {
        received.lock().unwrap().iter().any(|notification| alerts(notification) == 1).then_some(())
    })
    .await;
    fire(&alertmanager, error_rate("fast", Some("us-west-2"))).await;
    fire(&alertmanager, error_rate("slow", None)).await;
    let joined = eventually("all three are one notification", Duration::from_secs(15), async || {
        received.lock().unwrap().iter().find(|notification| alerts(notification) == 3).cloned()
    })
    .await;
    assert_eq!(joined["groupLabels"], json!({ "alertname": "HighErrorRate", "service": "pay" }));
    assert_eq!(joined["receiver"], "page");
    let all = received.lock().unwrap().clone();
    assert!(all.iter().all(|notification| notification["groupLabels"]["alertname"] == "HighErrorRate"), "{all:#?}");
}
