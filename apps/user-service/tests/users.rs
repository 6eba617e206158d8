//! Users over HTTP, and what the service says about its requests.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::{Value, json};
use tidewatch_testkit::{RunningService, configuration};
use user_service::UserService;

/// Starts the service without a broker: it answers nevertheless.
async fn start() -> RunningService {
    RunningService::start::<UserService>(configuration::<UserService>(&["--brokers", "127.0.0.1:1"])).await
}

#[tokio::test]
async fn a_user_is_found_by_number() {
    let service = start().await;
    service.is_ready().await;
    let answer = service.get("/internal/user/123").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"id": 123, "name": "otelfan"}));
    assert_eq!(service.get("/internal/user/456").await.json::<Value>().await.unwrap()["name"], "tracing_rocks");
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_number_are_problems() {
    let service = start().await;
    for (path, status, title) in [("/internal/user/999", 404, "Not Found"), ("/internal/user/me", 400, "Bad Request")] {
        let answer = service.get(path).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!((&problem["status"], &problem["title"]), (&json!(status), &json!(title)), "{problem}");
    }
}

#[tokio::test]
async fn lookups_and_durations_are_counted_without_the_users_number() {
    // Long, so that no duration and no process id contains it by chance.
    const NUMBER: &str = "8471936250417";
    let service = start().await;
    for id in ["1", "2", NUMBER, "me"] {
        service.get(&format!("/internal/user/{id}")).await;
    }
    service.get(&format!("/elsewhere/{NUMBER}")).await;
    service.has_counted("db_user_lookups_total{found=\"true\"}", 2).await;
    service.has_counted("db_user_lookups_total{found=\"false\"}", 1).await;
    let counted = |route: &str, class: &str| {
        format!(
            "http_server_request_duration_seconds_count{{http_request_method=\"GET\",\
             http_response_status_class=\"{class}\",http_route=\"{route}\"}}"
        )
    };
    service.has_counted(&counted("/internal/user/{id}", "2xx"), 2).await;
    service.has_counted(&counted("/internal/user/{id}", "4xx"), 2).await;
    service.has_counted(&counted("", "4xx"), 1).await;
    let metrics = service.metrics().await;
    assert!(!metrics.contains(NUMBER), "{metrics}");
}
