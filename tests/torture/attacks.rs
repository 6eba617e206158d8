//! Attacks on a running `up` by anyone who can only connect to it, or by a web page open in a browser on this machine.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tidewatch_platform::SERVICES;
use tidewatch_testkit::{Stack, StackOptions};

const BINARY: &str = env!("CARGO_BIN_EXE_tidewatch");

async fn up() -> Stack {
    Stack::start(&StackOptions::new(BINARY, &["--broker", "in-process", "--backends", "none"])).await
}

/// Returns every listener of every service, from the table that `up` prints.
fn listeners(stack: &Stack) -> Vec<String> {
    let said = stack.said();
    let table = said.lines().skip_while(|line| !line.starts_with("service ")).take_while(|line| !line.is_empty());
    let words = table.flat_map(str::split_whitespace);
    words.filter_map(|word| word.strip_prefix("http://")).map(str::to_owned).collect()
}

fn open(listener: &str, text: &str) -> TcpStream {
    let mut connection = TcpStream::connect(listener).unwrap();
    connection.write_all(text.as_bytes()).unwrap();
    connection
}

/// Sends a request that names this host, and returns the status line of the answer.
fn ask(listener: &str, method: &str, path: &str, host: &str) -> String {
    let body = "{\"silence\": true}";
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n");
    let mut answer = String::new();
    let mut connection = open(listener, &format!("{head}\r\n{body}"));
    // If the server closes before it has read the body, reading may end with an error.
    let _ = connection.read_to_string(&mut answer);
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_page_that_uses_dns_rebinding_reads_nothing_and_breaks_nothing() {
    let stack = up().await;
    let listeners = listeners(&stack);
    let expected: usize = SERVICES.iter().map(|service| 1 + usize::from(service.page.is_some())).sum();
    assert_eq!(listeners.len(), expected, "{}", stack.said());
    for listener in &listeners {
        for (method, path) in
            [("GET", "/"), ("GET", "/metrics"), ("GET", "/status"), ("GET", "/api/alerts"), ("GET", "/events")]
        {
            let status = ask(listener, method, path, "rebound.example:80");
            assert!(status.contains(" 421 "), "{listener} {method} {path}: {status}");
        }
    }
    let simulator = stack.endpoint("simulator").strip_prefix("http://").unwrap();
    for (method, path) in [("PUT", "/faults/auth-service"), ("DELETE", "/faults"), ("GET", "/faults")] {
        let status = ask(simulator, method, path, "rebound.example");
        assert!(status.contains(" 421 "), "{method} {path}: {status}");
    }
    assert_eq!(stack.get("simulator", "/faults").await["active"], serde_json::json!([]));
    assert!(ask(simulator, "PUT", "/faults/auth-service", "localhost:1").contains(" 200 "));
}

#[tokio::test]
async fn half_open_connections_to_every_listener_do_not_delay_the_shutdown() {
    let stack = up().await;
    let mut held = Vec::new();
    for listener in listeners(&stack) {
        for text in ["", "GET / HT", "POST /webhook HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nhalf"] {
            held.push(open(&listener, text));
        }
        // Connections are accepted in order: once this request is answered, the earlier ones are accepted too.
        ask(&listener, "GET", "/livez", "localhost");
    }
    let signalled = Instant::now();
    stack.signal(Signal::TERM);
    let (status, dir) = stack.ended();
    let said = std::fs::read_to_string(dir.path().join("up.out")).unwrap();
    assert_eq!(status.code(), Some(0), "after {:?}: {said}", signalled.elapsed());
    drop(held);
}

fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(BINARY)
        .args(["up", "--backends", "none", "--ports", "auto"])
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn refusal(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(64), "{said}");
    said
}

#[test]
fn a_directory_with_other_files_is_refused_as_state_directory_and_left_as_it_was() {
    let base = tempfile::tempdir().unwrap();
    let documents = base.path().join("documents");
    std::fs::create_dir(&documents).unwrap();
    std::fs::write(documents.join("endpoints.json"), "{}").unwrap();
    std::fs::set_permissions(&documents, PermissionsExt::from_mode(0o755)).unwrap();
    let link = base.path().join("link");
    symlink(&documents, &link).unwrap();
    for dir in [&documents, &link] {
        let said = refusal(&start(&["--state-dir", dir.to_str().unwrap()], &[]));
        assert!(said.starts_with("error: --state-dir: ") && said.lines().count() == 1, "{said}");
    }
    assert_eq!(std::fs::read_dir(&documents).unwrap().count(), 1);
    assert_eq!(std::fs::metadata(&documents).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn no_error_message_contains_a_password() {
    let state = tempfile::tempdir().unwrap();
    let brokers = ["--brokers", "127.0.0.1:1", "--state-dir", state.path().to_str().unwrap()];
    let flag = |text: &str| start(&[&brokers[..], &[&format!("--kafka-config={text}")]].concat(), &[]);
    let variable = |name: &str, text: &str| start(&brokers, &[(name, text)]);
    let mut outputs = Vec::new();
    for text in ["hunter2", "hun=ter2", "sasl.password=x\nhunter2", "retries=1,linger.ms=hunter2"] {
        outputs.extend([flag(text), variable("TIDEWATCH_KAFKA_CONFIG", text), variable("KAFKA_CONFIG", text)]);
    }
    for output in &outputs {
        assert!(refusal(output).contains("--kafka-config"));
    }
    // This setting is valid, with a comma in the password; it fails only because there is no broker.
    outputs.push(variable("TIDEWATCH_KAFKA_CONFIG", "sasl.password=hun,ter2"));
    for Output { status, stdout, stderr } in outputs {
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert!(!status.success() && !said.contains("ter2"), "{said}");
    }
}

#[tokio::test]
async fn variables_of_other_programs_have_no_effect_and_empty_ones_count_as_unset() {
    let state = tempfile::tempdir().unwrap();
    let stray = [
        ("LISTEN", "nonsense"),
        ("ADMIN_LISTEN", "nonsense"),
        ("SEED", "nonsense"),
        ("EVENTS_PER_SECOND", "nonsense"),
        ("ERROR_RATE", "nonsense"),
        ("LATENCY_SPIKE_PROBABILITY", "nonsense"),
        ("GROUP", ""),
        ("RULES", "/no/such/file"),
        ("MAX_GROUPS", "nonsense"),
        ("MAX_SERIES", "nonsense"),
        ("WEBHOOK", "nonsense"),
        ("ALERTMANAGER", "nonsense"),
        ("DATA_DIR", "/dev/null"),
        ("BROKERS", ""),
        ("KAFKA_CONFIG", ""),
        ("TIDEWATCH_BROKERS", ""),
        ("TIDEWATCH_SEED", ""),
        ("TIDEWATCH_EVENTS_PER_SECOND", ""),
    ];
    let mut up = Command::new(BINARY)
        .args(["up", "--broker", "in-process", "--backends", "none", "--ports", "auto", "--state-dir"])
        .arg(state.path())
        .envs(stray)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    tidewatch_testkit::eventually("it is ready", Duration::from_secs(120), async || {
        assert!(up.try_wait().unwrap().is_none(), "it has ended");
        state.path().join("endpoints.json").exists().then_some(())
    })
    .await;
    rustix::process::kill_process(rustix::process::Pid::from_child(&up), Signal::INT).unwrap();
    let output = up.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));

    // Tidewatch's own variables are read.
    let dir = state.path().to_str().unwrap();
    let broker = ["--broker", "in-process", "--state-dir", dir];
    let said = refusal(&start(&broker, &[("TIDEWATCH_ERROR_RATE", "2")]));
    assert!(said.contains("--error-rate"), "{said}");
    let said = refusal(&start(&broker, &[("TIDEWATCH_RULES", "/no/such/file")]));
    assert!(said.contains("--rules"), "{said}");
    let said = refusal(&start(&["--state-dir", dir], &[("BROKERS", "nonsense")]));
    assert!(said.contains("--brokers") && said.contains("warning: BROKERS is now TIDEWATCH_BROKERS"), "{said}");
}
