//! Faults over HTTP: injected, listed, healed, refused.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tidewatch_kafka::KafkaArgs;
use tidewatch_testkit::RunningService;
use workload_simulator::{Config, WorkloadSimulator};

/// A simulator without a broker: faults don't need one.
struct Running {
    url: String,
    client: Client,
    _service: RunningService,
}

impl Running {
    async fn start() -> Self {
        let config = Config {
            kafka: KafkaArgs::new("127.0.0.1:1"),
            events_per_second: 20.0,
            error_rate: 0.0001,
            latency_spike_probability: 0.0002,
            seed: Some(1),
        };
        let service = RunningService::start::<WorkloadSimulator>(config).await;
        Self { url: service.url(), client: Client::new(), _service: service }
    }

    async fn put(&self, target: &str, body: impl ToString) -> (StatusCode, Value) {
        let request = self.client.put(format!("{}{target}", self.url)).body(body.to_string());
        answer(request).await
    }

    async fn delete(&self, target: &str) -> (StatusCode, Value) {
        answer(self.client.delete(format!("{}{target}", self.url))).await
    }

    async fn faults(&self) -> Value {
        answer(self.client.get(format!("{}/faults", self.url))).await.1
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap_or_default())
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_fault_is_listed_with_its_exact_times_and_then_in_the_history() {
    let simulator = Running::start().await;
    let before = Timestamp::now();
    let (status, fault) = simulator.put("/faults/payment-service", json!({"latency": 10.0})).await;
    assert_eq!(status, StatusCode::OK);
    assert!((before..=Timestamp::now()).contains(&time(&fault["injected_at"])));
    let expected = json!({
        "id": fault["id"], "service": "payment-service", "region": null, "kind": "latency", "value": 10.0,
        "injected_at": fault["injected_at"], "heals_at": null, "healed_at": null,
    });
    assert_eq!(fault, expected);
    assert_eq!(simulator.faults().await, json!({"active": [fault], "history": []}));

    let (status, healed) = simulator.delete("/faults/payment-service").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(healed["healed"][0]["id"], fault["id"]);
    let faults = simulator.faults().await;
    assert_eq!(faults["active"], json!([]));
    assert!(time(&faults["history"][0]["healed_at"]) >= time(&fault["injected_at"]));
}

#[tokio::test]
async fn every_kind_can_be_injected_into_a_service_or_one_region_of_it() {
    let simulator = Running::start().await;
    let kinds = [
        (json!({"latency": 10}), "latency", 10.0),
        (json!({"error_rate": 0.3}), "error_rate", 0.3),
        (json!({"silence": true}), "silence", 1.0),
        (json!({"skew_seconds": -120}), "skew", -120.0),
        (json!({"malformed": 0.3}), "malformed", 0.3),
    ];
    for (body, kind, value) in &kinds {
        let (status, fault) = simulator.put("/faults/auth-service?region=eu-west-1", body).await;
        assert_eq!(status, StatusCode::OK, "{fault}");
        assert_eq!(
            (&fault["kind"], &fault["value"], &fault["region"]),
            (&json!(kind), &json!(value), &json!("eu-west-1"))
        );
    }
    assert_eq!(simulator.faults().await["active"].as_array().unwrap().len(), kinds.len());
    let (_, healed) = simulator.delete("/faults/auth-service?region=us-east-1").await;
    assert_eq!(healed, json!({"healed": []}));
    let (_, healed) = simulator.delete("/faults").await;
    assert_eq!(healed["healed"].as_array().unwrap().len(), kinds.len());
}

#[tokio::test]
async fn a_fault_with_a_duration_heals_by_itself_at_the_announced_moment() {
    let simulator = Running::start().await;
    let (_, fault) = simulator.put("/faults/api-service", json!({"silence": true, "for_seconds": 0.3})).await;
    let lasts = time(&fault["heals_at"]).duration_since(time(&fault["injected_at"]));
    assert_eq!(lasts.as_millis(), 300);
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let faults = simulator.faults().await;
        if faults["active"] == json!([]) {
            assert_eq!(faults["history"][0]["healed_at"], fault["heals_at"]);
            break;
        }
        assert!(Instant::now() < deadline, "{faults}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn unknown_or_invalid_faults_are_rejected_with_a_reason() {
    let simulator = Running::start().await;
    for (target, known) in [("/faults/shop", "payment-service"), ("/faults/api-service?region=mars", "us-east-1")] {
        let (status, body) = simulator.put(target, json!({"latency": 2})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(body["error"].as_str().unwrap().contains(known), "{body}");
        assert_eq!(simulator.delete(target).await.0, StatusCode::NOT_FOUND);
    }
    let bodies = [
        "",
        "nonsense",
        "{}",
        r#"{"latency": -1}"#,
        r#"{"latency": 1e999}"#,
        r#"{"latency": "fast"}"#,
        r#"{"error_rate": 1.5}"#,
        r#"{"malformed": -0.1}"#,
        r#"{"silence": false}"#,
        r#"{"skew_seconds": 1e300}"#,
        r#"{"latency": 2, "silence": true}"#,
        r#"{"latency": 2, "for_seconds": 0}"#,
        r#"{"latency": 2, "for_secs": 60}"#,
    ];
    for body in bodies {
        let (status, answer) = simulator.put("/faults/api-service", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(!answer["error"].as_str().unwrap().is_empty());
    }
    let huge = format!(r#"{{"latency": 2{}}}"#, " ".repeat(5000));
    assert_eq!(simulator.put("/faults/api-service", huge).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(simulator.faults().await, json!({"active": [], "history": []}));
}

#[tokio::test]
async fn a_page_of_another_site_cannot_inject_faults() {
    let simulator = Running::start().await;
    let target = format!("{}/faults/api-service", simulator.url);
    for (name, value) in [("origin", "https://example.org"), ("sec-fetch-site", "cross-site"), ("origin", "null")] {
        let put = simulator.client.put(&target).header(name, value).body(r#"{"silence": true}"#);
        assert_eq!(put.send().await.unwrap().status(), StatusCode::FORBIDDEN);
        let delete = simulator.client.delete(&target).header(name, value);
        assert_eq!(delete.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(simulator.faults().await["active"], json!([]));
}
