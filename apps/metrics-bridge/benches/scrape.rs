//! Measures a scrape of 12,000 series over HTTP, from the request to the last byte of the answer.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use divan::Bencher;
use divan::counter::BytesCount;
use metrics_bridge::{Config, MetricsBridge};
use reqwest::Client;
use tidewatch_contract::{Event, RequestEvent};
use tidewatch_kafka::broker::InProcess;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, Message, Producer};
use tidewatch_testkit::{RunningService, eventually, request};
use tokio::runtime::Runtime;

/// Each endpoint takes 23 series.
const ENDPOINTS: usize = 522;
const SERIES: usize = 12_000;

fn main() {
    divan::main();
}

/// Spells a number in letters: digits would be taken for an id.
fn letters(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

async fn scrape(client: &Client, url: &str, accept: &str) -> Option<String> {
    let answer = client.get(url).header("accept", accept).send().await.unwrap();
    answer.error_for_status().ok()?.text().await.ok()
}

/// Starts a bridge that exposes this many series.
async fn running(kafka: &KafkaArgs) -> RunningService {
    let producer = Producer::new(kafka, "bench").unwrap();
    for number in 0..ENDPOINTS {
        let event = RequestEvent {
            endpoint: format!("/api/v1/endpoint/{}", letters(number)),
            latency_ms: Some((number % 1000) as f64),
            trace_id: Some("0af7651916cd43dd8448eb211c80319c".into()),
            ..request(&format!("service-{}", number % 10), "eu-west-1")
        };
        let payload = event.to_json();
        producer.send(Message::event::<RequestEvent>(METRICS_RAW.name, &event.service, &payload)).await.unwrap();
    }
    let config = Config { kafka: kafka.clone(), max_series: 20_000, scrape_interval: 15 };
    RunningService::start::<MetricsBridge>(config).await
}

#[divan::bench(args = ["text/plain", "application/openmetrics-text; version=1.0.0"], sample_count = 50)]
fn twelve_thousand_series(bencher: Bencher<'_, '_>, accept: &str) {
    let broker = InProcess::start().unwrap();
    let runtime = Runtime::new().unwrap();
    let client = Client::new();
    let bridge = runtime.block_on(running(&KafkaArgs::new(broker.brokers())));
    let url = format!("http://{}/metrics", bridge.admin_addr());
    let text = runtime.block_on(eventually("the bridge answers", Duration::from_secs(60), async || {
        scrape(&client, &url, accept).await
    }));
    let series = text.lines().filter(|line| line.starts_with("workload_")).count();
    assert!(series >= SERIES, "{series}");
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| runtime.block_on(scrape(&client, &url, accept)).unwrap());
}
