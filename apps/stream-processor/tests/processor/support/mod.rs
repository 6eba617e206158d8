//! A real Kafka, the processor as a process that can be killed, and the records that both have written.
#![allow(dead_code, unreachable_pub)]

pub mod violations;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tidewatch_contract::{AlertEvent, DeadLetterHeaders, Event, RequestEvent};
use tidewatch_kafka::topics::{self, ALERTS_FIRED, METRICS_RAW, METRICS_RAW_DLQ};
use tidewatch_kafka::{KafkaArgs, Message, Producer, Reader, Record};
use tidewatch_testkit::{Broker, request};

pub use tidewatch_testkit::eventually;

/// A Kafka for one test.
pub struct Kafka {
    pub broker: Broker,
    pub args: KafkaArgs,
}

/// Starts a real Kafka with all topics. If none is installed, reports `test` as skipped.
pub async fn real_kafka(test: &str) -> Option<Kafka> {
    let broker = Broker::real(test).await?;
    Some(Kafka { args: broker.args().clone(), broker })
}

/// The processor as a separate process.
pub struct Process {
    child: Child,
    pub admin: String,
}

impl Process {
    /// Starts a static member if `instance` names one, otherwise a dynamic one.
    pub fn start(kafka: &KafkaArgs, instance: Option<&str>) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let admin = format!("127.0.0.1:{port}");
        let child = Command::new(env!("CARGO_BIN_EXE_stream-processor"))
            .args(["--brokers", &kafka.brokers, "--admin-listen", &admin])
            .args(instance.iter().flat_map(|name| ["--instance-id", name]))
            .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "error".into()))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, admin: format!("http://{admin}") }
    }

    /// Kills the process without a chance to clean up, as `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM, and waits until the process has handed over.
    pub fn terminate(mut self) {
        let told = Command::new("sh").args(["-c", "kill -s TERM $0", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        assert!(self.child.wait().unwrap().success(), "it drains and ends with 0");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the exit status if the process has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub async fn status(&self) -> Option<serde_json::Value> {
        let response = reqwest::get(format!("{}/status", self.admin)).await.ok()?;
        response.error_for_status().ok()?.json().await.ok()
    }

    /// Returns why the process is not ready; `None` if it is ready or doesn't answer.
    pub async fn unready_because(&self) -> Option<String> {
        let response = reqwest::get(format!("{}/readyz", self.admin)).await.ok()?;
        if response.status().is_success() { None } else { response.text().await.ok() }
    }

    pub async fn is_ready(&self) -> bool {
        reqwest::get(format!("{}/readyz", self.admin)).await.is_ok_and(|response| response.status().is_success())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The behaviour of a test's service at a given time.
#[derive(Clone, Copy, PartialEq)]
pub enum Mood {
    Well,
    Failing,
    Slow,
}

/// Returns one event of a service.
pub fn event(service: &str, at: Timestamp, mood: Mood, number: u64) -> RequestEvent {
    RequestEvent {
        timestamp: at,
        status_code: if mood == Mood::Failing && number.is_multiple_of(2) { 503 } else { 200 },
        request_id: format!("r-{number}"),
        latency_ms: Some(if mood == Mood::Slow { 900.0 } else { 40.0 }),
        ..request(service, "us-east-1")
    }
}

/// Passes an event to the producer, and waits while its queue is full.
pub async fn produce(producer: &Producer, event: &RequestEvent) {
    let payload = event.to_json();
    loop {
        match producer.enqueue(Message::event::<RequestEvent>(METRICS_RAW.name, &event.service, &payload)) {
            Ok(_) => return,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

pub async fn all_of(kafka: &KafkaArgs, topic: &topics::Topic) -> Vec<Record> {
    Reader::new(kafka, "test-reader").unwrap().read_to_end(topic).await.unwrap()
}

/// Returns every alert that was written, including repetitions.
pub async fn alerts(kafka: &KafkaArgs) -> Vec<AlertEvent> {
    all_of(kafka, &ALERTS_FIRED).await.iter().map(|record| AlertEvent::parse(&record.payload).unwrap()).collect()
}

/// Returns the dead letters by the partition and offset of the original record.
pub async fn dead_letters(kafka: &KafkaArgs) -> BTreeMap<(i32, i64), Record> {
    let place = |record: &Record| {
        let headers = DeadLetterHeaders::read(|name| record.header(name)).unwrap();
        (headers.partition, headers.offset)
    };
    all_of(kafka, &METRICS_RAW_DLQ).await.into_iter().map(|record| (place(&record), record)).collect()
}

/// Returns the ids of the alerts whose window ended at or before `end`.
pub fn ids_until(alerts: &[AlertEvent], end: Timestamp) -> BTreeSet<String> {
    alerts.iter().filter(|alert| alert.window_end <= end).map(|alert| alert.id.clone()).collect()
}

pub fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}
