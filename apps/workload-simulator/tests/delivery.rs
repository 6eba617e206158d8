//! The workload on a broker: every acknowledged record is in the topic, and an outage loses nothing.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tidewatch_contract::{Event, LogEvent, RequestEvent};
use tidewatch_kafka::broker::InProcess;
use tidewatch_kafka::topics::{LOGS_RAW, METRICS_RAW};
use tidewatch_kafka::{KafkaArgs, Reader, Record, Topic};
use tidewatch_testkit::{RunningService, eventually};
use workload_simulator::{Config, WorkloadSimulator};

/// Long enough on a busy machine for what the simulator does by itself.
const SOON: Duration = Duration::from_secs(30);

async fn start(kafka: KafkaArgs, events_per_second: f64) -> RunningService {
    let config = Config { kafka, events_per_second, error_rate: 0.05, latency_spike_probability: 0.0002, seed: None };
    RunningService::start::<WorkloadSimulator>(config).await
}

async fn totals(simulator: &RunningService) -> Totals {
    let services: Value = simulator.get("/services").await.json().await.unwrap();
    let services = services["services"].as_array().unwrap().clone();
    assert_eq!(services.len(), 4);
    let sum = |field: &str| services.iter().map(|service| service[field].as_u64().unwrap()).sum();
    Totals { produced: sum("produced"), acknowledged: sum("acknowledged"), dropped: sum("dropped") }
}

/// Waits until the totals satisfy `reached`.
async fn until(simulator: &RunningService, what: &str, mut reached: impl FnMut(&Totals) -> bool) -> Totals {
    eventually(what, SOON, async || Some(totals(simulator).await).filter(&mut reached)).await
}

#[derive(Debug)]
struct Totals {
    produced: u64,
    acknowledged: u64,
    dropped: u64,
}

async fn records(broker: &InProcess, topic: &Topic) -> Vec<Record> {
    Reader::new(&KafkaArgs::new(broker.brokers()), "test").unwrap().read_to_end(topic).await.unwrap()
}

#[tokio::test]
async fn acknowledged_events_are_in_the_topic_keyed_by_service_and_errors_are_logged() {
    let broker = InProcess::start().unwrap();
    let simulator = start(KafkaArgs::new(broker.brokers()), 100.0).await;
    until(&simulator, "400 events", |totals| totals.acknowledged >= 400).await;
    simulator.is_ready().await;
    let url = simulator.url();
    simulator.stop().await;
    assert!(Client::new().get(url).send().await.is_err(), "the listener is closed");

    let events: Vec<RequestEvent> = records(&broker, &METRICS_RAW)
        .await
        .into_iter()
        .map(|record| {
            let event = RequestEvent::parse(&record.payload).unwrap();
            assert_eq!(record.key.as_deref(), Some(event.service.as_bytes()));
            assert_eq!(record.header("schema"), Some(RequestEvent::SCHEMA.as_bytes()));
            event
        })
        .collect();
    assert!(events.len() >= 400);
    let mut failed: Vec<_> = events.iter().filter(|event| event.is_error()).map(|event| &event.request_id).collect();
    let lines: Vec<LogEvent> =
        records(&broker, &LOGS_RAW).await.iter().map(|record| LogEvent::parse(&record.payload).unwrap()).collect();
    let mut logged: Vec<_> =
        lines.iter().filter(|line| line.level == "ERROR").map(|line| line.request_id.as_ref().unwrap()).collect();
    failed.sort_unstable();
    logged.sort_unstable();
    assert!(!failed.is_empty());
    assert_eq!(logged, failed);
}

#[tokio::test]
async fn a_malformed_share_arrives_malformed() {
    let broker = InProcess::start().unwrap();
    let simulator = start(KafkaArgs::new(broker.brokers()), 100.0).await;
    let body = json!({"malformed": 1.0}).to_string();
    let put = Client::new().put(format!("{}/faults/user-service", simulator.url())).body(body);
    assert!(put.send().await.unwrap().status().is_success());
    let before = totals(&simulator).await.acknowledged;
    until(&simulator, "400 more events", |totals| totals.acknowledged >= before + 400).await;
    simulator.stop().await;
    let spoilt: Vec<Record> = records(&broker, &METRICS_RAW)
        .await
        .into_iter()
        .filter(|record| record.key.as_deref() == Some(b"user-service"))
        .collect();
    let refused = spoilt.iter().filter(|record| RequestEvent::parse(&record.payload).is_err()).count();
    // Two of the ten kinds are rejected only because of their time, and the events before the fault are valid.
    assert!(refused >= 60, "{refused} of {}", spoilt.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_listener_answers_at_a_rate_beyond_the_machines_capacity() {
    let broker = InProcess::start().unwrap();
    // The highest possible rate: 400,000 events per second, more than any test can generate.
    let simulator = start(KafkaArgs::new(broker.brokers()), 100_000.0).await;
    let answered = async {
        let mut before = 0;
        // The rate is not reached, so each portion leaves more requests owed than it sent.
        for _ in 0..5 {
            before = until(&simulator, "more events", |totals| totals.produced > before).await.produced;
            assert_eq!(simulator.ask_admin("/livez").await.0, 200);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), answered).await.expect("the listeners answer within a minute");
    simulator.stop().await;
}

#[tokio::test]
async fn without_a_broker_it_keeps_running_reports_it_and_catches_up_later() {
    outage(&[], 400).await;
}

#[tokio::test]
async fn a_full_queue_delays_records_but_loses_none() {
    // 400 events become due per second, but the queue holds only 100 events and log lines.
    outage(&["queue.buffering.max.messages=100"], 80).await;
}

/// Starts without a broker, waits until that many events were handed to the producer and 2 s have passed, then starts
/// one.
async fn outage(properties: &[&str], waiting: u64) {
    // A free port, on which a relay to the broker appears later.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut kafka = KafkaArgs::new(port.to_string());
    kafka.kafka_config = properties.iter().map(|property| property.parse().unwrap()).collect();
    let began = Instant::now();
    let simulator = start(kafka, 100.0).await;
    let owing = |totals: &Totals| totals.produced >= waiting && began.elapsed() > Duration::from_secs(2);
    let Totals { acknowledged, dropped, .. } = until(&simulator, "owing", owing).await;
    assert_eq!((acknowledged, dropped), (0, 0));
    let (status, why) = simulator.readiness().await;
    assert_eq!(status, 503);
    assert!(why.contains("broker"), "{why}");

    let broker = InProcess::start().unwrap();
    let relay = tokio::spawn(relay(port, broker.brokers()));
    let caught_up = |totals: &Totals| totals.acknowledged >= 800 && totals.produced - totals.acknowledged < 100;
    until(&simulator, "all acknowledged", caught_up).await;
    simulator.is_ready().await;
    assert_eq!(totals(&simulator).await.dropped, 0);
    simulator.stop().await;
    relay.abort();
    let mut times: Vec<_> = records(&broker, &METRICS_RAW)
        .await
        .iter()
        .map(|record| RequestEvent::parse(&record.payload).unwrap())
        .filter(|event| event.service == "auth-service")
        .map(|event| event.timestamp)
        .collect();
    times.sort_unstable();
    // At 100 per second and service, neighbours are at most two intervals apart, so the outage left no gap.
    let widest = times.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_millis()).max().unwrap();
    assert!(widest <= 20, "a gap of {widest} ms");
}

/// Makes a broker reachable at a port chosen by the test. The relay only needs to answer the first connection, from
/// which clients learn the broker's real address.
async fn relay(listen: std::net::SocketAddr, brokers: String) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(listen).await?;
    loop {
        let (mut client, _) = listener.accept().await?;
        let mut broker = tokio::net::TcpStream::connect(&brokers).await?;
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut broker).await });
    }
}
