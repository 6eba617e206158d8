//! Faults affect real requests.

use std::time::{Duration, Instant};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tidewatch_testkit::RunningService;

use crate::upstream::{gateway, upstream};

async fn fault(gateway: &RunningService, method: Method, body: Value) -> (StatusCode, Value) {
    let url = format!("{}/faults/api-gateway", gateway.url());
    let answer = Client::new().request(method, url).body(body.to_string()).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn a_latency_fault_multiplies_at_least_the_usual_latency() {
    let (address, _) = upstream().await;
    let gateway = gateway(address, &[]).await;
    assert_eq!(fault(&gateway, Method::PUT, json!({"latency": 5})).await.0, 200);
    let began = Instant::now();
    assert_eq!(gateway.get("/user/1").await.status(), 200);
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    gateway.has_counted("injected_faults{kind=\"latency\"}", 1).await;
}

#[tokio::test]
async fn an_error_rate_fails_requests_until_it_is_healed() {
    let (address, seen) = upstream().await;
    let gateway = gateway(address, &[]).await;
    fault(&gateway, Method::PUT, json!({"error_rate": 1})).await;
    let answer = gateway.get("/user/1").await;
    assert_eq!(answer.status(), 500);
    assert!(answer.text().await.unwrap().contains("injected fault"));
    assert!(seen.requests().is_empty());
    assert_eq!(fault(&gateway, Method::DELETE, json!({})).await.1["healed"][0]["kind"], "error_rate");
    assert_eq!(gateway.get("/user/1").await.status(), 200);
}

#[tokio::test]
async fn a_silent_gateway_answers_nothing_but_the_api_of_faults() {
    let (address, _) = upstream().await;
    let gateway = gateway(address, &[]).await;
    fault(&gateway, Method::PUT, json!({"silence": true})).await;
    let unanswered = tokio::time::timeout(Duration::from_millis(500), gateway.get("/user/1")).await;
    assert!(unanswered.is_err(), "it answered");
    let services: Value = gateway.get("/services").await.json().await.unwrap();
    let [service] = services["services"].as_array().unwrap().as_slice() else { panic!("{services}") };
    assert_eq!((&service["service"], &service["regions"]), (&json!("api-gateway"), &json!(["local"])));
    assert_eq!(service["kinds"], json!(["latency", "error_rate", "silence"]));
    let metrics = gateway.metrics().await;
    let counts = metrics.lines().filter(|line| line.starts_with("http_server_request_duration_seconds_count{"));
    assert!(
        counts.clone().count() > 0 && counts.clone().all(|line| line.ends_with(" 0") || !line.contains("/user")),
        "{metrics}"
    );
}

#[tokio::test]
async fn faults_of_events_and_of_other_services_are_refused() {
    let (address, _) = upstream().await;
    let gateway = gateway(address, &[]).await;
    let (status, answer) = fault(&gateway, Method::PUT, json!({"malformed": 0.5})).await;
    assert_eq!(
        (status, &answer["error"]),
        (StatusCode::BAD_REQUEST, &json!("api-gateway can't be broken by malformed"))
    );
    let url = format!("{}/faults/payment-service", gateway.url());
    let answer = Client::new().put(url).body(r#"{"silence": true}"#).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}
