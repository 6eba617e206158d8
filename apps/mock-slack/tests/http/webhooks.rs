//! Posted webhooks, and how the API lists them.
use crate::running::{alerts, post, start, webhook};
use serde_json::json;

#[tokio::test]
async fn alerts_are_listed_newest_first_and_a_repetition_counts_once() {
    let slack = start(None).await;
    assert_eq!(post(&slack.url(), "/webhook", webhook("a", "firing").to_string()).await.0, 200);
    assert_eq!(post(&slack.url(), "/webhook", webhook("a", "firing").to_string()).await.0, 200);
    assert_eq!(post(&slack.url(), "/webhook", webhook("a", "resolved").to_string()).await.0, 200);

    let [resolved, firing] = alerts(&slack.url()).await.try_into().unwrap();
    assert_eq!((&resolved["status"], &firing["status"]), (&json!("resolved"), &json!("firing")));
    assert_eq!(firing["labels"]["service"], "auth-service");
    assert_eq!(firing["annotations"]["summary"], "31 % of requests fail");
    assert_eq!(firing["starts_at"], "2026-01-02T03:04:05Z");
    assert_eq!((&firing["ends_at"], &resolved["ends_at"]), (&json!(null), &json!("2026-01-02T03:05:15Z")));
    assert!(firing["received_at"].as_str().unwrap() < resolved["received_at"].as_str().unwrap());

    let metrics = slack.metrics().await;
    for sample in [
        "mock_slack_notifications_total{status=\"firing\"} 1",
        "mock_slack_notifications_total{status=\"resolved\"} 1",
        "mock_slack_repeated_total 1",
    ] {
        assert!(metrics.contains(sample), "{sample} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn slack_messages_are_listed_as_often_as_they_are_posted() {
    let slack = start(None).await;
    let message =
        json!({ "channel": "#ops", "text": "deployed", "attachments": [{ "title": "v2", "text": "by hand" }] });
    for _ in 0..2 {
        assert_eq!(post(&slack.url(), "/slack/webhook", message.to_string()).await, (200, "ok".into()));
    }
    let alerts = alerts(&slack.url()).await;
    assert_eq!(alerts.len(), 2);
    assert_eq!((&alerts[0]["status"], &alerts[0]["starts_at"]), (&json!("message"), &json!(null)));
    assert_eq!(alerts[0]["annotations"]["summary"], "deployed\nv2\nby hand");
}

#[tokio::test]
async fn a_body_that_is_not_a_webhook_is_rejected_with_the_reason() {
    let slack = start(None).await;
    let (status, reason) = post(&slack.url(), "/webhook", json!({ "alerts": [] }).to_string()).await;
    assert_eq!((status, reason.contains("version")), (400, true), "{reason}");
    assert_eq!(post(&slack.url(), "/slack/webhook", json!({}).to_string()).await, (400, "no_text".into()));
    assert!(slack.metrics().await.contains("mock_slack_rejected_total 2"));
    assert!(alerts(&slack.url()).await.is_empty());
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_with_413_and_counted() {
    let slack = start(None).await;
    for path in ["/webhook", "/slack/webhook"] {
        let body = json!({ "text": "x".repeat(2 * 1024 * 1024) });
        let (status, reason) = post(&slack.url(), path, body.to_string()).await;
        assert_eq!((status, reason.contains("larger than")), (413, true), "{path}: {reason}");
    }
    assert!(slack.metrics().await.contains("mock_slack_rejected_total 2"));
}

#[tokio::test]
async fn the_newest_notifications_are_listed_up_to_the_requested_number() {
    let slack = start(None).await;
    for name in ["a", "b", "c"] {
        post(&slack.url(), "/webhook", webhook(name, "firing").to_string()).await;
    }
    for (query, expected) in [("", 3), ("?limit=2", 2), ("?limit=0", 0), ("?limit=1000000", 3)] {
        let answer = slack.get(&format!("/api/alerts{query}")).await;
        let listed: Vec<serde_json::Value> = answer.json().await.unwrap();
        assert_eq!(listed.len(), expected, "{query}");
        assert!(listed.first().is_none_or(|newest| newest["fingerprint"] == "c"), "{query}");
    }
    for query in ["?limit=-1", "?limit=all", "?limit="] {
        let answer = slack.get(&format!("/api/alerts{query}")).await;
        assert_eq!(answer.status(), 400, "{query}");
    }
}

#[tokio::test]
async fn after_a_flood_of_long_messages_an_answer_has_a_few_megabytes() {
    let slack = start(None).await;
    for batch in 0..6 {
        let mut body = webhook("a", "firing");
        let mut alert = body["alerts"][0].clone();
        alert["annotations"]["summary"] = json!("日本".repeat(1_000));
        let alerts = (0..200).map(|number| {
            alert["fingerprint"] = json!(format!("{batch} {number}"));
            alert.clone()
        });
        body["alerts"] = alerts.collect();
        assert_eq!(post(&slack.url(), "/webhook", body.to_string()).await.0, 200);
    }
    let answer = slack.get("/api/alerts").await.text().await.unwrap();
    assert!(answer.len() < 5 * 1024 * 1024, "{} bytes", answer.len());
    let listed: Vec<serde_json::Value> = serde_json::from_str(&answer).unwrap();
    assert!(listed[0]["annotations"]["summary"].as_str().unwrap().ends_with('…'));
}

#[tokio::test]
async fn deleting_removes_everything() {
    let slack = start(None).await;
    post(&slack.url(), "/webhook", webhook("a", "firing").to_string()).await;
    let answer = reqwest::Client::new().delete(format!("{}/api/alerts", slack.url())).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert!(alerts(&slack.url()).await.is_empty());
    post(&slack.url(), "/webhook", webhook("a", "firing").to_string()).await;
    assert_eq!(alerts(&slack.url()).await.len(), 1);
}
