//! Records written to Kafka appear on the page and as JSON.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use jiff::Timestamp;
use serde_json::{Value, json};
use support::feeder::{alert, request};
use support::{SOON, Scene, config, page, start, status};
use tidewatch_contract::{AlertEvent, AlertState, Event, RequestEvent};
use tidewatch_kafka::topics::{ALERTS_FIRED, METRICS_RAW, METRICS_RAW_DLQ};
use tidewatch_kafka::{Message, Producer};
use tidewatch_testkit::{Broker, eventually};

async fn send(producer: &Producer, event: &RequestEvent) {
    let payload = event.to_json();
    producer.send(Message::event::<RequestEvent>(METRICS_RAW.name, &event.service, &payload)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_appears_with_its_figures() {
    let broker = Broker::in_process();
    let producer = Producer::new(broker.args(), "test").unwrap();
    // Written before the console starts: recent events must be on the page immediately.
    for n in 0..100 {
        send(&producer, &request("checkout", "eu", 100.0, if n % 4 == 0 { 500 } else { 200 })).await;
    }
    let console = start(config(broker.args().clone())).await;
    let service = eventually("the service appears", SOON, async || {
        let service = status(&console).await["services"]["checkout"].clone();
        (service["error_ratio"] == json!(0.25)).then_some(service)
    })
    .await;
    let p99 = service["p99_ms"].as_f64().unwrap();
    assert!((p99 - 100.0).abs() <= 1.0, "{p99}");
    assert!(service["rate"].as_f64().unwrap() > 0.0);
    assert!(page(&console).await.contains("checkout"));
    console.is_ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_stay_text() {
    let broker = Broker::in_process();
    let producer = Producer::new(broker.args(), "test").unwrap();
    let hostile = "<img src=x onerror=alert(1)>\"'&";
    send(&producer, &request(hostile, "eu", 100.0, 200)).await;
    let mut event = alert(hostile, "</style><script>alert(2)</script>", AlertState::Firing, Timestamp::now());
    event.runbook_url = "javascript:alert(3)".to_owned();
    let payload = event.to_json();
    producer.send(Message::event::<AlertEvent>(ALERTS_FIRED.name, &event.fingerprint, &payload)).await.unwrap();
    let console = start(config(broker.args().clone())).await;
    let both = async || {
        let page = page(&console).await;
        (page.contains("&lt;img src=x") && page.contains("(1 firing) Tidewatch")).then_some(page)
    };
    let page = eventually("the hostile service and its alert are shown", SOON, both).await;
    assert!(!page.contains("<img") && !page.contains("<script>alert") && !page.contains("javascript:"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_records_are_counted_and_the_next_good_event_is_shown() {
    let broker = Broker::in_process();
    let producer = Producer::new(broker.args(), "test").unwrap();
    for bad in [&b"{"[..], b"", b"\xff\xfe", b"{\"service\": 7}"] {
        let message = Message::event::<RequestEvent>(METRICS_RAW.name, "good", bad);
        producer.send(message).await.unwrap();
    }
    send(&producer, &request("good", "eu", 100.0, 200)).await;
    let console = start(config(broker.args().clone())).await;
    let shown = async || status(&console).await["services"]["good"].is_object().then_some(());
    eventually("the good event is shown", SOON, shown).await;
    let metrics = console.metrics().await;
    assert!(metrics.contains("console_records_skipped_total{topic=\"metrics.raw\"} 4"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_shown_with_their_reasons() {
    let broker = Broker::in_process();
    let producer = Producer::new(broker.args(), "test").unwrap();
    let console = start(config(broker.args().clone())).await;
    let headers: [(&str, &[u8]); 4] =
        [("dlq.reason", b"too_large"), ("dlq.topic", b"metrics.raw"), ("dlq.partition", b"3"), ("dlq.offset", b"41")];
    let message = Message {
        headers: &headers,
        schema: None,
        ..Message::event::<RequestEvent>(METRICS_RAW_DLQ.name, "checkout", b"{")
    };
    producer.send(message).await.unwrap();
    let shown = async || {
        let page = page(&console).await;
        (page.contains("too_large") && page.contains("metrics.raw:3@41")).then_some(())
    };
    eventually("the dead letter is shown", SOON, shown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_its_alert_and_its_notification_are_one_story_on_the_timeline() {
    let scene = Scene::start().await;
    let fault = format!("{}/faults/auth-service", scene.fakes.url);
    let firing = async |expected: Value| {
        let status = status(&scene.console).await;
        (status["services"]["auth-service"]["firing"] == expected).then_some(status)
    };
    eventually("the service appears", SOON, async || firing(json!([])).await).await;
    let client = reqwest::Client::new();
    client.put(&fault).json(&json!({ "error_rate": 0.3 })).send().await.unwrap();
    let status = eventually("it fires", SOON, async || firing(json!(["HighErrorRate"])).await).await;
    assert!(status["totals"]["produced"].as_u64().unwrap() > 0, "{status}");
    let notified = async || {
        let page = page(&scene.console).await;
        (page.contains("Notified") && page.contains("HighErrorRate 31.0 % 3 regions")).then_some(())
    };
    eventually("the story has its notification", SOON, notified).await;
    client.delete(&fault).send().await.unwrap();
    eventually("it heals", SOON, async || firing(json!([])).await).await;
    let over = async || page(&scene.console).await.contains("Resolution sent").then_some(());
    eventually("the story is over", SOON, over).await;
}
