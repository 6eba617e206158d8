//! The bridge counts every event exactly once, even if it is killed at any time and started again. Until it has caught
//! up, it answers no scrapes rather than showing counts that are too low.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../support/bridge.rs"]
mod bridge;
#[path = "../support/prometheus.rs"]
mod prometheus;
mod scraped;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use support::{Exposition, event, json, word};
use tidewatch_contract::RequestEvent;
use tidewatch_kafka::broker::InProcess;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, Message, Producer};
use tidewatch_testkit::{Broker, RunningService};
use tokio::time::sleep;

const SERVICES: [&str; 4] = ["api-service", "auth-service", "payment-service", "user-service"];
const DEADLINE: Duration = Duration::from_secs(60);

/// The requests of the tests to a bridge.
trait Asked {
    /// Scrapes it. Returns `None` while it answers 503.
    async fn scrape(&self) -> Option<Exposition>;
    async fn status(&self, path: &str) -> u16;
    /// Waits until the path has this status.
    async fn becomes(&self, path: &str, status: u16);
    /// Waits until the scraped metrics satisfy `reached`.
    async fn until(&self, what: &str, reached: impl FnMut(&Exposition) -> bool) -> Exposition;
}

impl Asked for RunningService {
    async fn scrape(&self) -> Option<Exposition> {
        match self.ask_admin("/metrics").await {
            (200, text) => Some(Exposition::parse(&text)),
            (503, _) => None,
            (other, _) => panic!("{other}"),
        }
    }

    async fn status(&self, path: &str) -> u16 {
        self.ask_admin(path).await.0
    }

    async fn becomes(&self, path: &str, status: u16) {
        let start = Instant::now();
        while self.status(path).await != status {
            assert!(start.elapsed() < DEADLINE, "{path} is not {status}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn until(&self, what: &str, mut reached: impl FnMut(&Exposition) -> bool) -> Exposition {
        let start = Instant::now();
        loop {
            match self.scrape().await {
                Some(found) if reached(&found) => return found,
                found => assert!(start.elapsed() < DEADLINE, "{what}: {:?}", found.map(|found| found.samples.len())),
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

fn counted(found: &Exposition) -> f64 {
    found.sum("metrics_bridge_records_counted_total", &[])
}

fn invalid(found: &Exposition) -> f64 {
    found.sum("metrics_bridge_records_invalid_total", &[])
}

/// Sends one event after another, every hundredth of them invalid, until `stop` is set. Returns how many valid events
/// of each service were acknowledged, and how many invalid ones.
async fn produce(kafka: KafkaArgs, stop: Arc<AtomicBool>) -> ([u64; 4], u64) {
    let producer = Producer::new(&kafka, "test").unwrap();
    let (mut good, mut bad) = ([0; 4], 0);
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut acks = Vec::new();
        for _ in 0..40 {
            let service = number % SERVICES.len();
            let timestamp = jiff::Timestamp::now();
            let event = RequestEvent { timestamp, ..event(SERVICES[service], &word(number % 7)) };
            let payload = if number % 100 == 99 { b"{".to_vec() } else { json(&event) };
            let message = Message::event::<RequestEvent>(METRICS_RAW.name, SERVICES[service], &payload);
            acks.push((number, producer.enqueue(message).unwrap()));
            number += 1;
        }
        for (number, ack) in acks {
            ack.await.unwrap();
            if number % 100 == 99 { bad += 1 } else { good[number % SERVICES.len()] += 1 }
        }
        sleep(Duration::from_millis(20)).await;
    }
    (good, bad)
}

async fn killed_and_started_again_counts_are_exact(kafka: KafkaArgs) {
    let stop = Arc::new(AtomicBool::new(false));
    let producing = tokio::spawn(produce(kafka.clone(), Arc::clone(&stop)));
    let mut before = 0.0;
    // The last life is long enough for checkpoints in the middle of the stream, and is killed too.
    for (life, lasts) in [0.0, 0.5, 0.1, 1.5, 12.0].into_iter().enumerate() {
        let bridge = bridge::start(&kafka).await;
        let first = counted(&bridge.until("caught up", |_| true).await);
        assert!(first >= before, "life {life}: {first} after {before}");
        sleep(Duration::from_secs_f64(lasts)).await;
        before = counted(&bridge.scrape().await.unwrap());
        bridge.kill().await;
    }
    // These are killed before they have caught up.
    for milliseconds in [1, 50, 200] {
        let bridge = bridge::start(&kafka).await;
        sleep(Duration::from_millis(milliseconds)).await;
        bridge.kill().await;
    }
    stop.store(true, Ordering::Relaxed);
    let (good, bad) = producing.await.unwrap();
    let total = good.iter().sum::<u64>() as f64;

    let bridge = bridge::start(&kafka).await;
    let first = bridge.until("caught up", |_| true).await;
    assert_eq!(
        (counted(&first), invalid(&first)),
        (total, bad as f64),
        "the first scrape after the end has every event"
    );
    let shown = |found: &Exposition| found.sum("workload_requests_total", &[]);
    let found = bridge.until("every series is exposed", |found| shown(found) >= total).await;
    let by_service = SERVICES.map(|service| found.sum("workload_requests_total", &[("service", service)]) as u64);
    assert_eq!(by_service, good);
    assert_eq!(found.sum("workload_request_duration_seconds_count", &[]), total);
    assert_eq!(found.sum("metrics_bridge_records_missed_total", &[]), 0.0);
    let saved = bridge.scrape().await.unwrap();
    bridge.stop().await;

    let bridge = bridge::start(&kafka).await;
    let restored = bridge.until("caught up", |_| true).await;
    for (id, value) in saved.samples.iter().filter(|((name, _), _)| name.starts_with("workload_")) {
        assert_eq!(restored.samples.get(id), Some(value), "{id:?} after an orderly restart");
    }
    bridge.stop().await;
    println!("{total} events of which each was counted once, and {bad} invalid ones");
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_exact_after_kills_and_restarts_on_the_in_process_broker() {
    let broker = InProcess::start().unwrap();
    killed_and_started_again_counts_are_exact(KafkaArgs::new(broker.brokers())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kafka_that_is_killed_and_returns_loses_no_counts() {
    let test = "a_kafka_that_is_killed_and_returns_loses_no_counts";
    let Some(mut broker) = Broker::real(test).await else { return };
    let kafka = broker.args().clone();
    let stop = Arc::new(AtomicBool::new(false));
    let producing = tokio::spawn(produce(kafka.clone(), Arc::clone(&stop)));
    let bridge = bridge::start(&kafka).await;
    let before = counted(&bridge.until("some events", |found| counted(found) > 500.0).await);

    broker.kafka().unwrap().kill();
    bridge.becomes("/readyz", 503).await;
    assert!(bridge.scrape().await.is_some(), "counted events can still be scraped");
    broker.kafka().unwrap().restart().await.unwrap();
    bridge.becomes("/readyz", 200).await;
    bridge.until("new events", |found| counted(found) > before + 1500.0).await;
    stop.store(true, Ordering::Relaxed);
    let (good, bad) = producing.await.unwrap();
    let total = good.iter().sum::<u64>() as f64;
    let found = bridge.until("all events", |found| counted(found) >= total && invalid(found) >= bad as f64).await;
    assert_eq!((counted(&found), invalid(&found)), (total, bad as f64));
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answered_scrape_counts_everything_from_before() {
    let broker = InProcess::start().unwrap();
    let kafka = KafkaArgs::new(broker.brokers());
    let producer = Producer::new(&kafka, "test").unwrap();
    let mut acks = Vec::new();
    for number in 0..20_000 {
        let event = RequestEvent { timestamp: jiff::Timestamp::now(), ..event(SERVICES[number % 4], "/x") };
        let payload = json(&event);
        let message = Message::event::<RequestEvent>(METRICS_RAW.name, SERVICES[number % 4], &payload);
        acks.push(producer.enqueue(message).unwrap());
    }
    for ack in acks {
        ack.await.unwrap();
    }
    let bridge = bridge::start(&kafka).await;
    let first = bridge.until("caught up", |_| true).await;
    assert_eq!(counted(&first), 20_000.0);
    assert_eq!(first.sum("workload_requests_total", &[]), 20_000.0, "earlier records are not an increase");
    bridge.becomes("/readyz", 200).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scrapes_are_rejected_until_a_broker_appears() {
    // A port on which nothing listens until a relay to the broker does.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bridge = bridge::start(&KafkaArgs::new(port.to_string())).await;
    let (readiness, reasons) = bridge.readiness().await;
    assert_eq!(readiness, 503);
    assert!(reasons.contains("broker"));
    assert_eq!((bridge.status("/metrics").await, bridge.status("/livez").await), (503, 200));
    assert!(!bridge.has_ended());

    let broker = InProcess::start().unwrap();
    let brokers = broker.brokers();
    let listener = tokio::net::TcpListener::bind(port).await.unwrap();
    let relay = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut broker = tokio::net::TcpStream::connect(&brokers).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut broker).await });
        }
    });
    bridge.until("caught up", |_| true).await;
    bridge.stop().await;
    relay.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn scrapers_choose_their_format() {
    let broker = InProcess::start().unwrap();
    let bridge = bridge::start(&KafkaArgs::new(broker.brokers())).await;
    let text = bridge.until("caught up", |_| true).await;
    assert!(!text.ended && text.types.contains_key("workload_requests_total"));
    assert!(text.types.contains_key("process_cpu_seconds_total"), "the process's own metrics follow");
    let accept = "application/openmetrics-text; version=1.0.0";
    let request =
        reqwest::Client::new().get(format!("http://{}/metrics", bridge.admin_addr())).header("accept", accept);
    let response = request.send().await.unwrap();
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with(accept));
    let open = Exposition::parse(&response.text().await.unwrap());
    assert!(open.ended && open.types.contains_key("workload_requests"));
    bridge.stop().await;
}
