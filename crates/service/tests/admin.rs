//! The admin listener's endpoints over HTTP.
#![allow(clippy::unwrap_used, missing_docs)]
mod support;

use axum::{Router, routing::get};
use serde_json::{Value, json};
use support::Running;
use tidewatch_service::OPENMETRICS;

async fn text(url: String) -> String {
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn readyz_lists_the_reasons_until_it_is_ready() {
    let (give, given) = std::sync::mpsc::channel();
    let service = Running::start(move |parts| give.send(parts.health.require("kafka")).unwrap()).await;
    let condition = given.recv().unwrap();

    let answer = reqwest::get(service.admin_url("/readyz")).await.unwrap();
    assert_eq!(answer.status(), 503);
    let expected = json!({ "ready": false, "reasons": [{ "condition": "kafka", "reason": "starting" }] });
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);
    assert_eq!(reqwest::get(service.admin_url("/livez")).await.unwrap().status(), 200);

    condition.met();
    let answer = reqwest::get(service.admin_url("/readyz")).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "ready": true, "reasons": [] }));
}

#[tokio::test]
async fn metrics_are_text_unless_the_request_prefers_openmetrics() {
    let service = Running::start(|_| {}).await;
    let url = service.admin_url("/metrics");
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
    let service = Running::start(|parts| {
        parts.serve_on_admin(Router::new().route("/status", get(async || "fine")));
        parts.answer_metrics(get(async || "own"));
        parts.serve_on_page(Router::new().route("/", get(async || "page")));
    })
    .await;
    assert_eq!(text(service.admin_url("/status")).await, "fine");
    assert_eq!(text(service.admin_url("/metrics")).await, "own");
    assert_eq!(text(format!("http://{}/", service.page)).await, "page");
}
