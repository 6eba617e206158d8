//! A real Prometheus accepts every scrape in both formats, with bounded series, whatever producers write into an event.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "support/bridge.rs"]
mod bridge;
#[path = "support/prometheus.rs"]
mod prometheus;
mod support;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use bridge::MOST_SERIES;
use metrics_bridge::OVERFLOW;
use prometheus::Prometheus;
use support::{Exposition, event, json, word};
use tidewatch_contract::RequestEvent;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, Message, Producer};
use tidewatch_testkit::{Broker, eventually, program};

const DEADLINE: Duration = Duration::from_secs(60);
const FLOOD: usize = 100_000;
/// One job per format.
const JOBS: [(&str, &str); 2] =
    [("text", ", scrape_protocols: [PrometheusText0.0.4]"), ("open", ", scrape_protocols: [OpenMetricsText1.0.0]")];

/// Values that break out of quotation marks, lines or label sets if they are not escaped.
const HOSTILE: [&str; 17] = [
    "\"",
    "\\",
    "\n",
    "a\\",
    "\\\"",
    "\\n",
    "a\nb\"c\\d",
    "\"} 1\nfake_total 7",
    "\"} 1\n# EOF\n",
    "# EOF",
    "# TYPE fake_total counter",
    "{}",
    ",x=\"y\"",
    " # {trace_id=\"x\"} 1",
    "größe 😀",
    "\u{feff}\u{202e}",
    "",
];

fn now(event: RequestEvent) -> RequestEvent {
    RequestEvent { timestamp: jiff::Timestamp::now(), ..event }
}

/// Returns payloads that are not events, each for a different reason: labels that are not UTF-8, half a surrogate pair,
/// a line feed that JSON requires to be escaped.
fn illegal() -> Vec<Vec<u8>> {
    let spoilt = |label: &[u8]| {
        let text = String::from_utf8(json(&now(event("bytes", "MARK")))).unwrap();
        let (before, after) = text.split_once("MARK").unwrap();
        [before.as_bytes(), label, after.as_bytes()].concat()
    };
    [&b"\xff\xfe"[..], b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\\ud800", b"a\nb"].map(spoilt).to_vec()
}

/// Returns events whose labels are too long or have unusual characters.
fn absurd() -> Vec<RequestEvent> {
    let long = ["x".repeat(10_000), "é\"\\\n".repeat(2_000), "😀".repeat(2_500)];
    let control = ["\u{0}", "\r", "\u{1b}[2J", "\u{7f}\u{85}"].map(str::to_owned);
    let endpoints = long.iter().chain(&control).map(|endpoint| event("absurd", endpoint));
    let elsewhere = long.iter().map(|long| RequestEvent { region: long.clone(), ..event(long, "/x") });
    let trace = RequestEvent { trace_id: Some("\"} 1\nfake 1".into()), ..event("absurd", "/trace") };
    endpoints.chain(elsewhere).chain([trace]).map(now).collect()
}

async fn produce(kafka: &KafkaArgs, payloads: impl Iterator<Item = Vec<u8>>) {
    let producer = Producer::new(kafka, "test").unwrap();
    let mut acks = Vec::new();
    for (number, payload) in payloads.enumerate() {
        // Spread over all partitions, since the broker keeps little of each.
        let partition = Some(number as i32 % METRICS_RAW.partitions);
        let message = Message { partition, ..Message::event::<RequestEvent>(METRICS_RAW.name, "any", &payload) };
        acks.push(producer.enqueue(message).unwrap());
        if acks.len() == 10_000 {
            for ack in acks.drain(..) {
                ack.await.unwrap();
            }
        }
    }
    for ack in acks {
        ack.await.unwrap();
    }
}

/// Asserts that `promtool check metrics` accepts the text.
fn check(test: &str, text: &str) {
    let Some(promtool) = program("promtool", test) else { return };
    let mut promtool = Command::new(promtool);
    let promtool = promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.stdout(Stdio::null()).spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_takes_hostile_labels_in_both_formats_and_loses_no_event() {
    let test = "a_real_prometheus_takes_hostile_labels_in_both_formats_and_loses_no_event";
    let broker = Broker::in_process();
    let hostile = HOSTILE.iter().map(|endpoint| now(event("hostile", endpoint)));
    let events: Vec<_> = hostile.chain(absurd()).collect();
    let flood = (0..FLOOD).map(|number| json(&now(event("flood", &format!("{}/\"\n", word(number))))));
    let (illegal, good) = (illegal(), events.len() + FLOOD);
    let refused = illegal.len() as f64;
    produce(broker.args(), events.iter().map(json).chain(illegal)).await;

    let bridge = bridge::start(broker.args()).await;
    let Some(prometheus) = Prometheus::start(test, bridge.admin_addr(), &JOBS).await else { return };
    // The first events get their series before the flood uses up the room.
    eventually("the first are counted", DEADLINE, async || {
        prometheus.value(r#"workload_requests_total{job="text",endpoint="größe 😀",status_code="200"} == 1"#).await
    })
    .await;
    produce(broker.args(), flood).await;
    // The overflow is shown only once a checkpoint contains it.
    eventually("both jobs see every event", DEADLINE, async || {
        let seen = prometheus.query("sum by (job) (workload_requests_total) > 0").await;
        (seen.len() == 2 && seen.values().all(|seen| *seen == good as f64)).then_some(())
    })
    .await;

    let targets = prometheus.get("targets", &[]).await;
    for target in targets["activeTargets"].as_array().unwrap() {
        assert_eq!((&target["health"], &target["lastError"]), (&"up".into(), &"".into()), "{target}");
    }
    for (job, _) in JOBS {
        let endpoints = prometheus.query(&format!(r#"workload_errors_total{{job="{job}",service="hostile"}}"#)).await;
        // To Prometheus, a missing label and an empty one are the same.
        let endpoints = endpoints.keys().map(|labels| labels.get("endpoint").map_or("", String::as_str));
        assert_eq!(
            endpoints.collect::<BTreeSet<_>>(),
            BTreeSet::from(HOSTILE),
            "{job}: the values are exposed unchanged"
        );

        let query = |query: &str| query.replace("JOB", &format!("job=\"{job}\""));
        let value = async |text: &str| prometheus.value(&query(text)).await.unwrap_or_default();
        let series = value(r#"count({JOB,__name__=~"workload_.*"})"#).await;
        assert!(series <= f64::from(MOST_SERIES), "{job}: {series}");
        let overflow = value(&format!(r#"sum(workload_requests_total{{JOB,endpoint="{OVERFLOW}"}})"#)).await;
        assert_eq!(overflow, value("metrics_bridge_overflow_events_total{JOB}").await);
        assert!(overflow > 0.9 * FLOOD as f64, "{job}: {overflow}");
        assert_eq!(value(r#"metrics_bridge_records_invalid_total{JOB,reason="not_json"}"#).await, refused);
        assert_eq!(value("sum(workload_request_duration_seconds_count{JOB})").await, good as f64);
        assert_eq!(value(r#"count({__name__=~"fake.*"}) or vector(0)"#).await, 0.0);
        let seconds = value("scrape_duration_seconds{JOB}").await;
        println!("{job}: {series} series, scraped in {:.0} ms", seconds * 1000.0);
    }
    let labels = prometheus.get("series", &[("match[]", r#"workload_errors_total{service!="flood"}"#)]).await;
    let longest = labels.as_array().unwrap().iter().flat_map(|series| series.as_object().unwrap().values());
    assert_eq!(
        longest.map(|value| value.as_str().unwrap().len()).max(),
        Some(128),
        "a value of 10 kB is exposed truncated"
    );
    let exemplars = [("query", "workload_request_duration_seconds_bucket"), ("start", "0"), ("end", "9999999999")];
    let exemplars = prometheus.get("query_exemplars", &exemplars).await;
    let exemplars = exemplars.as_array().unwrap();
    assert!(!exemplars.is_empty() && exemplars.iter().all(|series| series["seriesLabels"]["job"] == "open"));

    let text = bridge.metrics().await;
    Exposition::parse(&text);
    check(test, &text);
    bridge.stop().await;
}
