//! Each request is an event in metrics.raw, and an unreachable broker costs nothing but events.

use reqwest::Client;
use tidewatch_contract::{Event, RequestEvent};
use tidewatch_kafka::broker::InProcess;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, Reader};

use crate::upstream::{gateway, upstream};

#[tokio::test]
async fn each_request_is_published_by_its_route() {
    let broker = InProcess::start().unwrap();
    let (address, _) = upstream().await;
    let gateway = gateway(address, &["--brokers", &broker.brokers(), "--region", "here"]).await;
    for path in ["/user/7", "/user/999", "/elsewhere"] {
        let request = Client::new().get(format!("{}{path}", gateway.url()));
        request.header("x-correlation-id", "req-42").send().await.unwrap();
    }
    gateway.has_counted("request_events_acknowledged_total", 2).await;
    gateway.stop().await;
    let reader = Reader::new(&KafkaArgs::new(broker.brokers()), "test").unwrap();
    let records = reader.read_to_end(&METRICS_RAW).await.unwrap();
    assert_eq!(records.len(), 2, "unknown paths are not published");
    for (record, status) in records.iter().zip([200, 404]) {
        assert_eq!(record.key.as_deref(), Some(&b"api-gateway"[..]));
        let event = RequestEvent::parse(&record.payload).unwrap();
        assert_eq!((event.service.as_str(), event.region.as_str()), ("api-gateway", "here"));
        assert_eq!((event.endpoint.as_str(), event.status_code), ("/user/{id}", status));
        assert_eq!((event.request_id.as_str(), event.method.as_deref()), ("req-42", Some("GET")));
        assert!(event.latency_ms.unwrap() > 0.0);
    }
}

#[tokio::test]
async fn events_that_find_no_room_are_dropped_and_counted() {
    let (address, _) = upstream().await;
    let flags = ["--brokers", "127.0.0.1:1", "--kafka-config", "queue.buffering.max.messages=1"];
    let gateway = gateway(address, &flags).await;
    for _ in 0..4 {
        assert_eq!(gateway.get("/user/1").await.status(), 200);
    }
    gateway.has_counted("request_events_dropped_total{reason=\"queue_full\"}", 3).await;
    gateway.is_ready().await;
    gateway.stop().await;
}
