//! The bridge's own process, repeatedly killed with SIGKILL, with a real Kafka and scraped by a real Prometheus.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Client;
use tidewatch_contract::RequestEvent;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, Message, Producer, Reader};
use tidewatch_testkit::{Broker, eventually};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::prometheus::{Labels, Prometheus, free_port};
use crate::support::{event, json, word};
use crate::{DEADLINE, SERVICES};

/// Number of events, unless TIDEWATCH_EVENTS is set.
const EVENTS: usize = 50_000;
/// Number of kills in the middle of the stream. Each is followed by a second one, at once or while the bridge catches
/// up.
const KILLS: usize = 5;
const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "us-west-2"];
const STATUSES: [u16; 5] = [200, 200, 200, 404, 503];

/// The bridge's process. Its address stays the same when it is restarted.
struct Process {
    command: Command,
    child: Child,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let child = command.spawn().unwrap();
        Self { command, child }
    }

    /// Kills it as `kill -9` does, and starts it again.
    fn kill_and_start(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = self.command.spawn().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the event with this number and its payload. Every hundredth payload is invalid.
fn payload(number: usize) -> (RequestEvent, Vec<u8>) {
    let event = RequestEvent {
        timestamp: jiff::Timestamp::now(),
        region: REGIONS[number / 4 % 3].into(),
        status_code: STATUSES[number / 12 % 5],
        latency_ms: (!number.is_multiple_of(10)).then_some((number % 700) as f64),
        ..event(SERVICES[number % 4], &word(number / 60 % 7))
    };
    let payload = if number % 100 == 99 { b"{".to_vec() } else { json(&event) };
    (event, payload)
}

/// The values that Prometheus must have in the end, by metric name and labels of the event.
type Truth = BTreeMap<Labels, f64>;

fn add(truth: &mut Truth, name: &str, labels: &[(&str, &str)]) {
    let labels = [("__name__", name)].into_iter().chain(labels.iter().copied());
    let labels = labels.map(|(k, v)| (k.to_owned(), v.to_owned()));
    *truth.entry(labels.collect()).or_default() += 1.0;
}

/// Sends the events at an even rate, counting those sent, and waits until all of them are acknowledged.
async fn produce(kafka: KafkaArgs, events: usize, sent: Arc<AtomicUsize>) -> Truth {
    const TICK: Duration = Duration::from_millis(20);
    // 50,000 events take 10 s, a million take 100 s.
    let batch = (events / 100).max(5_000) / 50;
    let producer = Producer::new(&kafka, "test").unwrap();
    let mut truth = Truth::new();
    let mut acks = Vec::new();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..events {
        if number % batch == 0 {
            ticks.tick().await;
        }
        let (event, payload) = payload(number);
        let message = Message::event::<RequestEvent>(METRICS_RAW.name, &event.service, &payload);
        acks.push(producer.enqueue(message).unwrap());
        if acks.len() == 20_000 {
            for ack in acks.drain(..) {
                ack.await.unwrap();
            }
        }
        sent.store(number + 1, Ordering::Relaxed);
        if number % 100 == 99 {
            add(&mut truth, "metrics_bridge_records_invalid_total", &[("reason", "not_json")]);
            continue;
        }
        let labels = [
            ("service", event.service.as_str()),
            ("region", event.region.as_str()),
            ("endpoint", event.endpoint.as_str()),
        ];
        let status = event.status_code.to_string();
        let with_status = [labels[0], labels[1], labels[2], ("status_code", &status)];
        add(&mut truth, "metrics_bridge_records_counted_total", &[]);
        add(&mut truth, "workload_requests_total", &with_status);
        if event.is_error() {
            add(&mut truth, "workload_errors_total", &labels);
        }
        if event.latency_ms.is_some() {
            add(&mut truth, "workload_request_duration_seconds_count", &labels);
        }
        if event.latency_ms.is_some_and(|latency| latency <= 500.0) {
            let within = [labels[0], labels[1], labels[2], ("le", "0.5")];
            add(&mut truth, "workload_request_duration_seconds_bucket", &within);
        }
    }
    for ack in acks {
        ack.await.unwrap();
    }
    truth
}

/// Selects the series of [`Truth`].
const COUNTERS: &str = concat!(
    r#"{__name__=~"workload_(requests|errors)_total|workload_request_duration_seconds_count|"#,
    r#"metrics_bridge_records_(counted|invalid)_total"} or "#,
    r#"workload_request_duration_seconds_bucket{le="0.5"}"#
);

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_counts_every_event_once_despite_sigkill_on_a_real_kafka() {
    let test = "prometheus_counts_every_event_once_despite_sigkill_on_a_real_kafka";
    let events = std::env::var("TIDEWATCH_EVENTS").map_or(EVENTS, |events| events.parse().unwrap());
    // A machine that is busy with other things needs more time.
    let patience = DEADLINE * (events / EVENTS).max(2) as u32;
    let admin = free_port();
    let Some(prometheus) = Prometheus::start(test, admin, &[("bridge", "")]).await else { return };
    let Some(broker) = Broker::real(test).await else { return };
    let mut command = Command::new(env!("CARGO_BIN_EXE_metrics-bridge"));
    command.args(["--scrape-interval", "1", "--brokers", &broker.args().brokers]);
    command.args(["--admin-listen", &admin.to_string()]).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    let mut bridge = Process::start(command);
    let client = Client::new();
    // None until scrapes are answered: earlier counts were never shown, so a kill takes nothing back.
    let counted = async || {
        let response = client.get(format!("http://{admin}/metrics")).send().await.ok()?;
        let text = response.error_for_status().ok()?.text().await.ok()?;
        let line = text.lines().find(|line| line.starts_with("metrics_bridge_records_counted_total "))?;
        line.split(' ').nth(1)?.parse::<f64>().ok()
    };
    eventually("prometheus sees a bridge that has counted nothing", DEADLINE, async || {
        prometheus.value("metrics_bridge_records_counted_total").await.filter(|count| *count == 0.0)
    })
    .await;

    let began = Instant::now();
    let sent = Arc::new(AtomicUsize::new(0));
    let producing = tokio::spawn(produce(broker.args().clone(), events, Arc::clone(&sent)));
    let mut in_mid_stream = 0;
    for kill in 1..=KILLS {
        let so_far = (events * kill / (KILLS + 1)) as f64;
        eventually("the events are counted", patience, async || counted().await.filter(|count| *count >= so_far)).await;
        bridge.kill_and_start();
        sleep(Duration::from_millis(150) * (kill as u32 - 1)).await;
        bridge.kill_and_start();
        in_mid_stream += usize::from(sent.load(Ordering::Relaxed) < events);
    }
    let truth = producing.await.unwrap();
    let reader = Reader::new(broker.args(), "test").unwrap();
    let ends = reader.ends(&METRICS_RAW).await.unwrap();
    assert_eq!(ends.values().map(|(low, high)| high - low).sum::<i64>(), events as i64, "what Kafka has");

    let requests = truth.iter().filter(|(labels, _)| labels["__name__"] == "workload_requests_total");
    let requests: f64 = requests.map(|(_, count)| count).sum();
    // To detect counts that are too high as well, the value has to stay the same for three scrapes.
    let stays = "sum(workload_requests_total) == sum(workload_requests_total offset 3s)";
    eventually("prometheus has seen every request", patience, async || {
        prometheus.value(stays).await.filter(|seen| *seen >= requests)
    })
    .await;
    let increase = prometheus.value("sum(increase(workload_requests_total[1h]))").await.unwrap();
    let mut scraped = BTreeMap::new();
    for selector in COUNTERS.split(" or ") {
        scraped.extend(prometheus.samples(&format!("{selector}[1h]")).await);
    }
    let mut found = Truth::new();
    for (labels, samples) in scraped {
        assert_eq!(samples[0], 0.0, "{labels:?} starts at 0");
        assert!(samples.is_sorted(), "{labels:?} never falls: {samples:?}");
        let labels: Labels = labels.into_iter().filter(|(name, _)| name != "job" && name != "instance").collect();
        found.insert(labels, samples[samples.len() - 1]);
    }
    // Drops series that exist from their service's start but were never used.
    found.retain(|_, count| *count > 0.0);
    for (labels, count) in &truth {
        assert_eq!(found.get(labels), Some(count), "{labels:?}");
    }
    assert_eq!(found.len(), truth.len(), "only sent events are counted");
    let kills = 2 * KILLS;
    println!(
        "{events} events in {:.0} s, {kills} kills with SIGKILL, {in_mid_stream} pairs of them while events arrived; \
         {} series exact, {requests} requests of which each was counted once; increase() returns {increase:.1}",
        began.elapsed().as_secs_f64(),
        truth.len(),
    );
}
