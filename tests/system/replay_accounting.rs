//! `tidewatch replay` with a broker: every line either ends up on `metrics.raw`, or is counted and reported by its
//! number.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tidewatch_contract::{Event, REPLAY, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{Reader, Record, Start};
use tidewatch_testkit::{Broker, Stack, StackOptions, brokers, data, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewatch");

fn command(broker: &Broker, state: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("replay").arg("--brokers").arg(&broker.args().brokers).arg("--state-dir").arg(state);
    command
}

/// Replays a text via stdin.
fn replay(broker: &Broker, text: &str, flags: &[&str]) -> Output {
    let state = tempfile::tempdir().unwrap();
    let mut child = command(broker, state.path())
        .arg("-")
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
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

async fn events(broker: &Broker) -> Vec<RequestEvent> {
    records(broker).await.iter().map(|record| RequestEvent::parse(&record.payload).unwrap()).collect()
}

#[tokio::test]
async fn ten_thousand_real_requests_are_all_acknowledged_and_on_the_topic() {
    let test = "ten_thousand_real_requests_are_all_acknowledged_and_on_the_topic";
    let Some(log) = data(test, "access-logs/apache-combined.log") else { return };
    for broker in brokers(test).await {
        let began = Instant::now();
        let state = tempfile::tempdir().unwrap();
        let mut child =
            command(&broker, state.path()).arg(&log).args(["--speed", "60000"]).stdout(Stdio::piped()).spawn().unwrap();
        let output = tokio::task::spawn_blocking(move || {
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut child.stdout.take().unwrap(), &mut text).unwrap();
            Output { status: child.wait().unwrap(), stdout: text, stderr: Vec::new() }
        })
        .await
        .unwrap();
        assert!(output.status.success());
        // The log spans three and a half days, at 60,000 times its speed.
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
        let (lines, acknowledged, unreadable) =
            (count(&output, "lines"), count(&output, "acknowledged"), count(&output, "unreadable"));
        assert_eq!((lines, acknowledged, unreadable, count(&output, "blank")), (10_000, 10_000, 0, 0));

        let records = records(&broker).await;
        assert_eq!(records.len(), 10_000);
        assert!(records.iter().all(|record| record.header(REPLAY.0) == Some(REPLAY.1)));
        let ids: BTreeSet<String> =
            records.iter().map(|record| RequestEvent::parse(&record.payload).unwrap().request_id).collect();
        assert_eq!(ids.len(), 10_000, "each line once");
    }
}

#[tokio::test]
async fn lines_are_sent_in_the_order_of_their_times_with_the_moment_of_sending() {
    let broker = Broker::in_process();
    let line = |second: u32, path: &str| {
        format!("1.2.3.4 - - [17/May/2015:10:05:{second:02} +0000] \"GET /{path} HTTP/1.1\" 200 1\n")
    };
    let text = [line(30, "c"), line(10, "a"), line(50, "d"), line(20, "b")].concat();
    let before = jiff::Timestamp::now();
    let output = replay(&broker, &text, &["--speed", "10"]);
    assert!(output.status.success());
    let events = events(&broker).await;
    let endpoints: Vec<&str> = events.iter().map(|event| event.endpoint.as_str()).collect();
    assert_eq!(endpoints, ["/a", "/b", "/c", "/d"]);
    // 40 s of log at 10 times its speed. A busy machine may send the first line late.
    let spread = events[3].timestamp.duration_since(events[0].timestamp).as_millis();
    assert!(spread >= 500, "{spread} ms");
    assert!(events[0].timestamp >= before);
}

#[tokio::test]
async fn every_format_is_read_from_one_input_and_unreadable_lines_are_reported_by_number() {
    let broker = Broker::in_process();
    let text = concat!(
        "1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"GET /common/1 HTTP/1.1\" 200 1\n",
        "1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"GET /combined HTTP/1.1\" 200 1 \"-\" \"curl\"\n",
        "\n",
        "1.2.3.4 - - [17/May/2015:10:05:04 +0000] \"GET /nginx HTTP/1.1\" 200 1 \"-\" \"curl\" 0.250\n",
        "what is this\n",
        "{\"time_iso8601\":\"2015-05-17T10:05:05Z\",\"request\":\"GET /json HTTP/1.1\",\"status\":\"500\",",
        "\"request_time\":\"0.004\"}\n",
        "{\"timestamp\":\"2015-05-17T10:05:06Z\",\"service\":\"own\",\"region\":\"eu\",\"endpoint\":\"/event\",",
        "\"status_code\":200,\"request_id\":\"r\"}\n",
        "{\"status\": 200}\n",
        "{",
    );
    let output = replay(&broker, text, &["--service", "shop", "--keep-timestamps"]);
    assert!(output.status.success());
    let counts = ["lines", "acknowledged", "unreadable", "blank"].map(|name| count(&output, name));
    assert_eq!(counts, [9, 5, 3, 1]);
    let text = String::from_utf8(output.stdout).unwrap();
    for number in ["line 5:", "line 8:", "line 9:"] {
        assert!(text.contains(number), "{number} in {text}");
    }

    let mut events = events(&broker).await;
    events.sort_by_key(|event| event.timestamp);
    let seen: Vec<(&str, Option<f64>)> =
        events.iter().map(|event| (event.endpoint.as_str(), event.latency_ms)).collect();
    let expected =
        [("/common/:id", None), ("/combined", None), ("/nginx", Some(250.0)), ("/json", Some(4.0)), ("/event", None)];
    assert_eq!(seen, expected);
    assert!(events.iter().all(|event| event.service == "shop"));
    assert_eq!(events[4].timestamp, "2015-05-17T10:05:06Z".parse().unwrap(), "--keep-timestamps");
}

#[tokio::test]
async fn a_line_of_a_followed_log_is_sent_before_the_next_one_arrives() {
    let broker = Broker::in_process();
    let state = tempfile::tempdir().unwrap();
    let mut child = command(&broker, state.path())
        .args(["-", "--service", "followed"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let reader = Reader::new(broker.args(), "test").unwrap();
    reader.assign(&METRICS_RAW, Start::Beginning).await.unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for path in ["/first", "/second", "/third"] {
        writeln!(stdin, "1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"GET {path} HTTP/1.1\" 200 1").unwrap();
        let came = tokio::time::timeout(Duration::from_secs(20), reader.recv()).await;
        let event = RequestEvent::parse(&came.unwrap_or_else(|_| panic!("{path} is not sent")).payload).unwrap();
        assert_eq!(event.endpoint, path);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn an_interrupted_replay_reports_the_lines_that_it_did_not_send() {
    let broker = Broker::in_process();
    let state = tempfile::tempdir().unwrap();
    let log = state.path().join("slow.log");
    let line = |minute: u32| format!("1.2.3.4 - - [17/May/2015:10:{minute:02}:00 +0000] \"GET / HTTP/1.1\" 200 1\n");
    std::fs::write(&log, [line(0), line(1), line(2), line(59)].concat()).unwrap();
    let child = command(&broker, state.path()).arg(&log).stdout(Stdio::piped()).spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    eventually("the first line is sent", Duration::from_secs(20), async || {
        (!records(&broker).await.is_empty()).then_some(())
    })
    .await;
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let (lines, acknowledged, not_sent) =
        (count(&output, "lines"), count(&output, "acknowledged"), count(&output, "not sent"));
    assert_eq!(acknowledged, 1);
    assert_eq!(lines, acknowledged + not_sent);
}

#[test]
fn a_log_without_a_single_request_fails_and_says_so() {
    let broker = Broker::in_process();
    let output = replay(&broker, "a\nb\n", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(count(&output, "unreadable"), 2);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no line of stdin could be read"), "{said}");
}

#[tokio::test]
async fn a_running_up_evaluates_replayed_events_counts_late_ones_and_shows_the_service() {
    let stack = Stack::start(&StackOptions::new(BINARY, &["--broker", "in-process", "--backends", "none"])).await;
    let log = stack.dir().join("shop.log");
    let line = |id: u32| {
        format!("1.2.3.4 - - [17/May/2015:10:05:{:02} +0000] \"GET /{id} HTTP/1.1\" 200 1 \"-\" \"-\" 0.050\n", id % 60)
    };
    std::fs::write(&log, (0..300).map(line).collect::<String>() + "broken\n\n").unwrap();
    let log = log.to_str().unwrap();

    let output = stack.run(&["replay", log, "--speed", "60"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let counts = ["lines", "acknowledged", "unreadable", "blank", "late"].map(|name| count(&output, name));
    assert_eq!(counts, [302, 300, 1, 1, 0]);
    assert!(String::from_utf8_lossy(&output.stdout).contains(stack.endpoint("console")));
    eventually("the console shows it", Duration::from_secs(20), async || {
        stack.get("console", "/api/status").await["services"].get("shop").cloned()
    })
    .await;

    let output = stack.run(&["replay", log, "--keep-timestamps"]).await;
    let counts = ["lines", "acknowledged", "late"].map(|name| count(&output, name));
    assert_eq!(counts, [302, 300, 300], "a processor that has evaluated today does not evaluate 2015");
}
