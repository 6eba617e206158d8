//! `tidewatch load` with a broker: every event of the schedule is on `metrics.raw`, or is counted as missing.

use std::collections::BTreeMap;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process};
use tidewatch_contract::{Event, REPLAY, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{Reader, Record};
use tidewatch_testkit::{Broker, eventually};

fn start(broker: &Broker, flags: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_tidewatch"))
        .arg("load")
        .args(["--brokers", &broker.args().brokers])
        .args(flags)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn end(child: Child) -> Output {
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

/// Asserts that nothing went wrong but delay, which a busy machine can cause.
fn assert_succeeded_or_late(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    let late = output.status.code() == Some(1) && said.contains("behind the schedule at its end");
    assert!(output.status.success() || late, "{said}");
}

/// Returns a count of the summary, such as `acknowledged`.
fn count(output: &Output, name: &str) -> u64 {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let row = text.lines().find_map(|line| line.trim().strip_prefix(name));
    let row = row.unwrap_or_else(|| panic!("no {name} in:\n{text}{}", String::from_utf8_lossy(&output.stderr)));
    row.split_whitespace().next().unwrap().parse().unwrap()
}

async fn records(broker: &Broker) -> Vec<Record> {
    Reader::new(broker.args(), "test").unwrap().read_to_end(&METRICS_RAW).await.unwrap()
}

#[tokio::test]
async fn every_event_of_the_schedule_arrives_with_its_time_in_it() {
    let broker = Broker::in_process();
    let before = Timestamp::now();
    let flags = ["--rate", "600", "--services", "3", "--duration", "2s", "--error-rate", "50%"];
    let output = end(start(&broker, &flags)).await;
    assert_succeeded_or_late(&output);
    assert_eq!((count(&output, "due"), count(&output, "sent"), count(&output, "acknowledged")), (1200, 1200, 1200));

    let records = records(&broker).await;
    assert!(records.iter().all(|record| record.header(REPLAY.0) == Some(REPLAY.1)));
    let mut services: BTreeMap<String, Vec<RequestEvent>> = BTreeMap::new();
    for record in &records {
        let event = RequestEvent::parse(&record.payload).unwrap();
        services.entry(event.service.clone()).or_default().push(event);
    }
    assert_eq!(services.keys().collect::<Vec<_>>(), ["load-1", "load-2", "load-3"]);
    for events in services.values() {
        assert_eq!(events.len(), 400);
        let failed = events.iter().filter(|event| event.status_code >= 500).count();
        assert!((120..=280).contains(&failed), "{failed} of 400 failed");
        // The schedule's times, however late a busy machine sends an event.
        let (first, last) = (events[0].timestamp, events[399].timestamp);
        assert!(first >= before);
        let length = last.duration_since(first);
        assert!(length > SignedDuration::from_millis(1_980) && length <= SignedDuration::from_secs(2), "{length}");
        assert!(events.is_sorted_by_key(|event| event.timestamp));
    }
}

#[tokio::test]
async fn ctrl_c_ends_the_load_with_the_summary() {
    let broker = Broker::in_process();
    let load = start(&broker, &["--rate", "200", "--duration", "1h"]);
    let limit = Duration::from_secs(60);
    eventually("100 events", limit, async || (records(&broker).await.len() >= 100).then_some(())).await;
    kill_process(Pid::from_child(&load), Signal::INT).unwrap();
    let output = end(load).await;
    assert_succeeded_or_late(&output);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("load interrupted after "));
    let arrived = records(&broker).await.len() as u64;
    assert_eq!((count(&output, "sent"), count(&output, "acknowledged")), (arrived, arrived));
}

#[tokio::test]
async fn a_rate_that_can_not_be_kept_is_a_failure_that_counts_what_was_not_sent() {
    let broker = Broker::in_process();
    // Ten events at a time, every 20 ms.
    let flags = ["--rate", "20000", "--duration", "1s", "--kafka-config", "queue.buffering.max.messages=10"];
    let output = end(start(&broker, &flags)).await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(said.contains("error: the rate was not kept: "), "{said}");
    let (due, sent) = (count(&output, "due"), count(&output, "sent"));
    assert!(due == 20_000 && sent < due, "{sent} of {due}");
    assert_eq!(records(&broker).await.len() as u64, sent);
}
