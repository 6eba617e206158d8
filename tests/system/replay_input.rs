//! The input of `tidewatch replay` and its reports: encodings, formats, latencies, clients that had disconnected.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use tidewatch_contract::{Event, RequestEvent};
use tidewatch_kafka::Reader;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_testkit::Broker;

const BINARY: &str = env!("CARGO_BIN_EXE_tidewatch");

fn line(path: &str, more: &str) -> String {
    format!("192.0.2.4 - - [02/Apr/2025:08:15:30 +0000] \"GET {path} HTTP/1.1\" 200 1 \"-\" \"curl\" {more}\n")
}

/// Replays bytes via stdin, or from a file of this name. Returns the output and the events on the topic.
async fn replay(name: Option<&str>, bytes: &[u8], flags: &[&str]) -> (Output, Vec<RequestEvent>) {
    let broker = Broker::in_process();
    let dir = tempfile::tempdir().unwrap();
    let path = name.map_or("-".into(), |name| dir.path().join(name));
    let mut command = Command::new(BINARY);
    command.arg("replay").arg(&path).args(flags).arg("--brokers").arg(&broker.args().brokers);
    command.arg("--state-dir").arg(dir.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if name.is_some() {
        std::fs::write(&path, bytes).unwrap();
    }
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    if name.is_none() {
        stdin.write_all(bytes).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let records = Reader::new(broker.args(), "test").unwrap().read_to_end(&METRICS_RAW).await.unwrap();
    (output, records.iter().map(|record| RequestEvent::parse(&record.payload).unwrap()).collect())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn the_same_requests_are_read_from_every_encoding_of_a_file_and_of_stdin() {
    let text = line("/a", "0.250") + &line("/b", "0.500");
    let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let gzip = [packed(&line("/a", "0.250")), packed(&line("/b", "0.500"))].concat();
    let array = r#"[{"time":"2025-04-02T08:15:30Z","method":"GET","path":"/a","status":200,"duration_ms":250},
        {"time":"2025-04-02T08:15:30Z","method":"GET","path":"/b","status":200,"duration_ms":500}]"#;
    for bytes in [text.as_bytes(), &utf16, &gzip, array.as_bytes()] {
        for name in [None, Some("shop.log")] {
            let (output, events) = replay(name, bytes, &["--speed", "1"]).await;
            assert!(output.status.success(), "{}", said(&output));
            let read: Vec<_> = events.iter().map(|event| (event.endpoint.as_str(), event.latency_ms)).collect();
            assert_eq!(read, [("/a", Some(250.0)), ("/b", Some(500.0))]);
            assert!(said(&output).contains("latency known for 2 of 2 requests"), "{}", said(&output));
        }
    }
}

#[tokio::test]
async fn a_truncated_compressed_file_is_read_up_to_its_end_and_fails() {
    let lines: String = (0..5000).map(|number| line(&format!("/{number}/x{number}"), "0.250")).collect();
    let mut bytes = packed(&lines);
    bytes.truncate(bytes.len() / 2);
    let (output, events) = replay(Some("shop.log.gz"), &bytes, &["--speed", "1"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("reading") && said(&output).contains("failed"), "{}", said(&output));
    assert!(events.len() > 100, "{}", events.len());
    assert_eq!(events[0].service, "shop");
}

#[tokio::test]
async fn requests_of_disconnected_clients_are_sent_as_499_and_counted() {
    let text = line("/a", "0.250").replace(" 200 ", " 000 ") + &line("/b", "0.250");
    let (output, events) = replay(None, text.as_bytes(), &[]).await;
    let row = said(&output).lines().find(|row| row.contains("client gone")).unwrap().to_owned();
    assert_eq!(row.split_whitespace().nth(2), Some("1"), "{row}");
    assert_eq!(events.iter().map(|event| event.status_code).collect::<Vec<_>>(), [499, 200]);
}

#[tokio::test]
async fn lines_without_a_time_are_current_from_stdin_and_unreadable_from_a_file() {
    let text = "INFO:     192.0.2.4:5000 - \"GET /a HTTP/1.1\" 200 OK\n";
    let before = jiff::Timestamp::now();
    let (output, events) = replay(None, text.as_bytes(), &["--keep-timestamps"]).await;
    assert!(output.status.success() && events[0].timestamp >= before, "{}", said(&output));
    let (output, events) = replay(Some("app.log"), text.as_bytes(), &[]).await;
    assert_eq!((output.status.code(), events.len()), (Some(1), 0));
    assert!(said(&output).contains("line 1: no timestamp; on stdin, it would count as now"), "{}", said(&output));
}

#[tokio::test]
async fn the_format_and_the_unit_of_the_flags_take_precedence() {
    let format = r#"%h %t "%r" %>s %D"#;
    let text = "192.0.2.4 [02/Apr/2025:08:15:30 +0000] \"GET /a HTTP/1.1\" 200 250000\nother\n";
    let (output, events) = replay(Some("shop.log"), text.as_bytes(), &["--format", format]).await;
    assert_eq!(events[0].latency_ms, Some(250.0));
    assert!(said(&output).contains("line 2: does not match the format of --format"), "{}", said(&output));
    let (output, events) = replay(None, line("/a", "250").as_bytes(), &[]).await;
    assert_eq!(events[0].latency_ms, None);
    assert!(said(&output).contains("latency known for 0 of 1 requests"), "{}", said(&output));
    let (_, events) = replay(None, line("/a", "250").as_bytes(), &["--latency-unit", "ms"]).await;
    assert_eq!(events[0].latency_ms, Some(250.0));
}

#[test]
fn unusable_flags_exit_with_64_and_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("shop.log");
    std::fs::write(&log, line("/a", "")).unwrap();
    let packed = dir.path().join("shop.zst");
    std::fs::write(&packed, [0x28, 0xb5, 0x2f, 0xfd]).unwrap();
    let (log, packed) = (log.to_str().unwrap(), packed.to_str().unwrap());
    let rows: [(&[&str], &str); 7] = [
        (&[log, "--format", "%h \"%r\" %>s"], "--format: the format has no time; add %t"),
        (&[log, "--format", "$time_local $remote_addr"], "--format: the format has no status and no request"),
        (&[log, "--format", "words"], "--format: the format has neither a variable of nginx"),
        (&[log, "--format", "$time_local $request $status", "--latency-field", "x"], "which --latency-field names"),
        (&[log, "--latency-unit", "m"], "--latency-unit"),
        (&[log, "--latency-field", ""], "--latency-field"),
        (&[packed], "zstdcat"),
    ];
    for (arguments, says) in rows {
        let output = Command::new(BINARY)
            .arg("replay")
            .args(arguments)
            .env_remove("BROKERS")
            .env("TIDEWATCH_STATE_DIR", dir.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(says), "{arguments:?}: {}", said(&output));
    }
}
