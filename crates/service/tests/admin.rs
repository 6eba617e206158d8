//! The admin listener's endpoints over HTTP.
#![allow(clippy::unwrap_used, missing_docs)]
use axum::{Router, routing::get};
use serde_json::{Value, json};
use std::time::Duration;
use tidewatch_service::{Admin, AdminArgs, Health, OPENMETRICS, Shutdown, registry};

async fn bind(health: &Health) -> Admin {
    let args = AdminArgs::at(([127, 0, 0, 1], 0));
    Admin::bind(&args, registry("a-service"), health.clone()).await.unwrap()
}

fn serve(admin: Admin) -> String {
    let base = format!("http://{}", admin.addr());
    tokio::spawn(admin.serve(Shutdown::new()));
    base
}

#[tokio::test]
async fn readyz_lists_the_reasons_until_it_is_ready() {
    let health = Health::new();
    let condition = health.require("kafka");
    let base = serve(bind(&health).await);

    let answer = reqwest::get(format!("{base}/readyz")).await.unwrap();
    assert_eq!(answer.status(), 503);
    let expected = json!({ "ready": false, "reasons": [{ "condition": "kafka", "reason": "starting" }] });
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);
    assert_eq!(reqwest::get(format!("{base}/livez")).await.unwrap().status(), 200);

    condition.met();
    let answer = reqwest::get(format!("{base}/readyz")).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "ready": true, "reasons": [] }));
}

#[tokio::test]
async fn metrics_are_text_unless_openmetrics_is_asked_for() {
    let base = serve(bind(&Health::new()).await);
    let url = format!("{base}/metrics");
    let text = reqwest::get(&url).await.unwrap();
    assert_eq!(text.headers()["content-type"], "text/plain; version=0.0.4");
    let text = text.text().await.unwrap();
    assert!(text.contains("tidewatch_build_info{service=\"a-service\",version="), "{text}");
    #[cfg(target_os = "linux")]
    for saturation in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"] {
        assert!(text.contains(saturation), "{saturation} is missing");
    }

    let client = reqwest::Client::new();
    let open = client.get(&url).header("accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
    let open = open.send().await.unwrap();
    assert_eq!(open.headers()["content-type"], OPENMETRICS);
    assert!(open.text().await.unwrap().ends_with("# EOF\n"));
}

#[tokio::test]
async fn a_service_adds_routes_and_may_answer_metrics_itself() {
    let admin = bind(&Health::new()).await;
    let admin = admin.merge(Router::new().route("/status", get(async || "fine"))).with_metrics(get(async || "own"));
    let base = serve(admin);
    assert_eq!(reqwest::get(format!("{base}/status")).await.unwrap().text().await.unwrap(), "fine");
    assert_eq!(reqwest::get(format!("{base}/metrics")).await.unwrap().text().await.unwrap(), "own");
}

#[tokio::test]
async fn it_ends_when_told_to_although_a_connection_is_idle() {
    let admin = bind(&Health::new()).await;
    let base = format!("http://{}", admin.addr());
    let shutdown = Shutdown::new();
    let serving = tokio::spawn(admin.serve(shutdown.clone()));
    let client = reqwest::Client::new();
    client.get(format!("{base}/livez")).send().await.unwrap();
    shutdown.trigger();
    tokio::time::timeout(Duration::from_secs(5), serving).await.unwrap().unwrap().unwrap();
}
