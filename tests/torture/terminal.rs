//! Text in a topic or a log can't take control of the terminal of a person who looks at it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use tidewatch_contract::{AlertEvent, AlertState, Event, RequestEvent};
use tidewatch_kafka::topics::{ALERTS_FIRED, METRICS_RAW};
use tidewatch_kafka::{KafkaArgs, Message, Producer};
use tidewatch_testkit::{Broker, Stack, StackOptions, alert, eventually, request};

/// Clears the screen, sets the title, reverses the text direction, and forges a line.
const HOSTILE: &str = "a\x1b[2J\x1b]0;pwned\x07\u{9b}31m\u{202e}\r\nFORGED  all is well";

/// Panics if a terminal would do anything but show the text.
fn assert_harmless(what: &str, text: &str) {
    let dangerous = |character: char| character.is_control() && character != '\n' || character == '\u{202e}';
    assert!(!text.contains(dangerous), "{what}: {text:?}");
    assert!(!text.lines().any(|line| line.starts_with("FORGED")), "{what}: {text:?}");
}

fn hostile_request() -> RequestEvent {
    RequestEvent { endpoint: HOSTILE.into(), request_id: HOSTILE.into(), ..request(HOSTILE, HOSTILE) }
}

fn hostile_alert() -> AlertEvent {
    AlertEvent {
        fingerprint: HOSTILE.into(),
        rule: HOSTILE.into(),
        summary: HOSTILE.into(),
        runbook_url: HOSTILE.into(),
        ..alert(HOSTILE, HOSTILE, AlertState::Firing, Timestamp::now())
    }
}

#[tokio::test]
async fn services_and_alerts_change_nothing_on_the_terminal_of_up_and_status() {
    let flags = ["--broker", "in-process", "--backends", "none"];
    let stack = Stack::start(&StackOptions::new(env!("CARGO_BIN_EXE_tidewatch"), &flags)).await;
    let kafka = KafkaArgs::new(stack.endpoint("kafka"));
    let producer = Producer::new(&kafka, "test").unwrap();
    let (request, alert) = (hostile_request().to_json(), hostile_alert().to_json());
    producer.send(Message::event::<RequestEvent>(METRICS_RAW.name, "any", &request)).await.unwrap();
    producer.send(Message::event::<AlertEvent>(ALERTS_FIRED.name, "any", &alert)).await.unwrap();

    let limit = Duration::from_secs(60);
    for arguments in [&["status"][..], &["status", "--json"]] {
        let said = eventually("status shows the service", limit, async || {
            let output = stack.run(arguments).await;
            let said = String::from_utf8(output.stdout).unwrap();
            said.contains("pwned").then_some(said)
        })
        .await;
        assert_harmless("status", &said);
    }
    eventually("up prints the alert", limit, async || stack.said().contains("FIRING").then_some(())).await;
    eventually("the relay sends it", limit, async || {
        let alerts = stack.get("mock_slack", "/api/alerts").await;
        let summary = alerts.get(0)?["annotations"]["summary"].as_str()?.to_owned();
        assert_harmless("the message", &summary);
        Some(())
    })
    .await;
    assert_harmless("up", &stack.said());
}

#[test]
fn a_log_changes_nothing_on_the_terminal_of_replay() {
    let broker = Broker::in_process();
    let state = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidewatch"))
        .args(["replay", "--brokers", &broker.args().brokers, "-", "--state-dir"])
        .arg(state.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let hostile = HOSTILE.replace('\n', "\r");
    let escaped = serde_json::to_string(HOSTILE).unwrap();
    let lines = format!(
        "192.0.2.7 - - [{hostile}] \"GET / HTTP/1.1\" 200 0\n\
         192.0.2.7 - - [24/Aug/2024:09:52:00 +0000] \"GET / HTTP/1.1\" {hostile} 0\n\
         {{\"time\":{escaped},\"status\":200,\"path\":\"/\"}}\n\
         {{\"time\":\"2024-08-24T09:52:00Z\",\"status\":{escaped},\"path\":\"/\"}}\n\
         {{\"time\":\"2024-08-24T09:52:00Z\",\"status\":200,\"path\":\"/\",\"service\":{escaped}}}\n\
         {hostile}\n"
    );
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    for said in [output.stdout, output.stderr] {
        assert_harmless("replay", &String::from_utf8(said).unwrap());
    }
}
