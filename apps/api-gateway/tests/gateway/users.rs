//! Answers and statuses of the user-service are passed on, and the request's ids with them.

use reqwest::Client;
use serde_json::{Value, json};

use crate::upstream::{gateway, upstream};

#[tokio::test]
async fn a_user_and_the_status_of_the_user_service_are_passed_on() {
    let (address, seen) = upstream().await;
    let gateway = gateway(address, &[]).await;
    let answer = gateway.get("/user/123").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"id": 123, "name": "user_123"}));
    for (id, status, detail) in [("999", 404, "no 999"), ("500", 500, "")] {
        let answer = gateway.get(&format!("/user/{id}")).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert_eq!(answer.json::<Value>().await.unwrap()["detail"], detail);
    }
    assert_eq!(seen.requests().len(), 3);
    gateway.has_counted("api_user_requests_total", 3).await;
}

#[tokio::test]
async fn an_id_that_is_not_a_number_is_refused_without_asking() {
    let (address, seen) = upstream().await;
    let gateway = gateway(address, &[]).await;
    for id in ["me", "-1", "1.5", "99999999999999999999"] {
        assert_eq!(gateway.get(&format!("/user/{id}")).await.status(), 400, "{id}");
    }
    assert!(seen.requests().is_empty());
}

#[tokio::test]
async fn a_valid_correlation_id_is_kept_and_another_one_replaced() {
    let (address, seen) = upstream().await;
    let gateway = gateway(address, &[]).await;
    let long = "x".repeat(65);
    for (sent, kept) in [("req-42", true), ("two words", false), (&long, false), ("", false)] {
        let request = Client::new().get(format!("{}/user/1", gateway.url())).header("x-correlation-id", sent);
        let answer = request.send().await.unwrap();
        let returned = answer.headers()["x-correlation-id"].to_str().unwrap().to_owned();
        let passed_on = seen.requests().last().unwrap()["x-correlation-id"].to_str().unwrap().to_owned();
        assert_eq!(returned, passed_on);
        assert_eq!(returned == sent, kept, "{returned}");
        assert!(kept || returned.len() == 32, "{returned}");
    }
}
