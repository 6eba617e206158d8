//! `tidewatch replay` of a growing log: rules evaluate current events but not old ones, and every wait is reported.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tidewatch_contract::http::mock_slack::NotificationStatus;
use tidewatch_contract::{Event, REPLAY, RequestEvent};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, Reader, Record};
use tidewatch_testkit::{Broker, Stack, StackOptions, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewatch");

/// Starts a replay of what is written to its stdin.
fn follow(kafka: &KafkaArgs, state: &Path, flags: &[&str]) -> (Child, ChildStdin) {
    let mut command = Command::new(BINARY);
    command.args(["replay", "-", "--service", "shop", "--brokers", &kafka.brokers]).args(flags);
    command.arg("--state-dir").arg(state).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

fn line(at: Timestamp) -> String {
    let at = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
    format!("203.0.113.7 - - [{at}] \"GET /cart HTTP/1.1\" 200 13 \"-\" \"curl/8\" 0.012\n")
}

fn ago(seconds: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_secs(seconds)
}

/// Replays lines with these ages in seconds via stdin. Returns the records on the topic and the output.
async fn replayed(flags: &[&str], seconds_ago: &[i64]) -> (Vec<Record>, Output) {
    let broker = Broker::in_process();
    let state = tempfile::tempdir().unwrap();
    let (child, mut stdin) = follow(broker.args(), state.path(), flags);
    for seconds in seconds_ago {
        stdin.write_all(line(ago(*seconds)).as_bytes()).unwrap();
    }
    drop(stdin);
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let records = Reader::new(broker.args(), "test").unwrap().read_to_end(&METRICS_RAW).await.unwrap();
    (records, output)
}

fn is_live(record: &Record) -> bool {
    record.header(REPLAY.0) != Some(REPLAY.1)
}

fn age(record: &Record) -> i64 {
    Timestamp::now().duration_since(RequestEvent::parse(&record.payload).unwrap().timestamp).as_secs()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn current_lines_are_live_events_and_older_ones_are_marked_as_a_replay() {
    let (records, output) = replayed(&[], &[7200, 90, 30, 0, 200, 0]).await;
    assert_eq!(records.iter().map(is_live).collect::<Vec<_>>(), [false, false, true, true, true, true]);
    assert!(records.iter().all(|record| age(record) < 20), "each has the moment at which it was read");
    let (said, notes) = (stdout(&output), String::from_utf8(output.stderr).unwrap());
    assert!(said.contains("live                  4") && said.contains("not live              2"), "{said}");
    assert!(notes.contains("not recent") && notes.contains("from line 3 on, the log is recent"), "{notes}");
}

#[tokio::test]
async fn with_live_every_line_is_live_and_with_keep_timestamps_it_keeps_its_time() {
    let (records, _) = replayed(&["--live"], &[7200, 7199]).await;
    assert!(records.iter().all(is_live));
    assert!(records.iter().all(|record| age(record) < 20));
    let (records, _) = replayed(&["--live", "--keep-timestamps"], &[7200, 7199]).await;
    assert!(records.iter().all(is_live));
    assert!(records.iter().all(|record| age(record) >= 7199));
}

#[tokio::test]
async fn lines_sent_at_a_speed_are_a_replay_even_if_they_are_current() {
    let (records, output) = replayed(&["--speed", "60"], &[1, 0]).await;
    assert!(!records.iter().any(is_live));
    assert!(!stdout(&output).contains("live"), "{}", stdout(&output));
}

#[tokio::test]
async fn a_live_input_that_is_behind_is_reported_with_its_delay() {
    let (_, output) = replayed(&[], &[[0; 10], [42; 10]].concat()).await;
    let said = stdout(&output);
    let row = said.lines().find(|line| line.trim().starts_with("behind")).unwrap_or_else(|| panic!("{said}"));
    let seconds: u64 = row.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!((42..62).contains(&seconds), "{row}");
}

#[tokio::test]
async fn a_long_pause_of_the_log_is_reported_while_it_lasts() {
    let broker = Broker::in_process();
    let state = tempfile::tempdir().unwrap();
    let log = state.path().join("pause.log");
    std::fs::write(&log, line(ago(9000)) + &line(ago(9000 - 3600))).unwrap();
    let mut replay = Command::new(BINARY)
        .args(["replay", "--brokers", &broker.args().brokers, "--state-dir"])
        .args([state.path(), &log])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(replay.stderr.take().unwrap());
    let reported = tokio::task::spawn_blocking(|| said.lines().map_while(Result::ok).take(2).collect::<Vec<_>>());
    let reported = tokio::time::timeout(Duration::from_secs(30), reported).await;
    replay.kill().unwrap();
    replay.wait().unwrap();
    let reported = reported.expect("nothing was reported").unwrap();
    assert!(reported[0].contains("59 min") && reported[0].contains("--max-gap"), "{reported:?}");
    assert!(reported[1].contains("1 sent") && reported[1].contains("waiting 59 min"), "{reported:?}");
}

#[tokio::test]
async fn a_followed_log_that_falls_silent_raises_an_alert() {
    let stack = Stack::start(&StackOptions::new(BINARY, &["--broker", "in-process", "--backends", "none"])).await;
    let kafka = KafkaArgs::new(stack.endpoint("kafka"));
    let (mut replay, mut log) = follow(&kafka, stack.dir(), &[]);
    eventually("the traffic rule of the followed log is armed", Duration::from_secs(240), async || {
        log.write_all(line(Timestamp::now()).repeat(2).as_bytes()).unwrap();
        let status = stack.get("processor", "/status").await;
        let groups = status["groups"].as_array().unwrap();
        let group = groups.iter().find(|group| group["labels"]["service"] == "shop")?;
        (group["rules"]["TrafficDrop"]["state"] == "ok").then_some(())
    })
    .await;
    stack.notified("TrafficDrop", "shop", NotificationStatus::Firing, Duration::from_secs(75)).await;
    drop(log);
    assert!(replay.wait().unwrap().success());
}
