//! Invalid usage exits with 64 and a sentence that names the flag; a failure exits with 1 and says what to do.

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

fn tidewatch(arguments: &[&str]) -> Output {
    let empty = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_tidewatch"))
        .args(arguments)
        .env_remove("BROKERS")
        .env("TIDEWATCH_STATE_DIR", empty.path())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn an_invalid_flag_or_argument_exits_with_64_and_is_named() {
    let rows: [(&[&str], &str); 32] = [
        (&["dance"], "dance"),
        (&["break", "payment-service"], "--latency"),
        (&["break", "payment-service", "--latency", "0"], "--latency"),
        (&["break", "payment-service", "--latency", "-2"], "--latency"),
        (&["break", "payment-service", "--latency", "2", "--silence"], "--silence"),
        (&["break", "payment-service", "--error-rate", "150%"], "--error-rate"),
        (&["break", "payment-service", "--silence", "--for", "soon"], "--for"),
        (&["break", "payment-service", "--silence", "--for", "-1s"], "--for"),
        (&["replay", "no-such.log"], "no-such.log"),
        (&["replay", "Cargo.toml", "--speed", "-1"], "--speed"),
        (&["replay", "Cargo.toml", "--max-gap", "0"], "--max-gap"),
        (&["replay", "Cargo.toml", "--keep-timestamps", "--max-gap", "5s"], "--max-gap"),
        (&["replay", "Cargo.toml", "--live"], "--live"),
        (&["replay", "Cargo.toml", "--live", "--speed", "2"], "--live"),
        (&["replay", "Cargo.toml", "--service", ""], "--service"),
        (&["replay", "Cargo.toml", "--brokers", "nonsense"], "--brokers"),
        (&["load"], "--rate"),
        (&["load", "--rate", "0"], "--rate"),
        (&["load", "--rate", "10", "--services", "0"], "--services"),
        (&["load", "--rate", "10", "--error-rate", "-1"], "--error-rate"),
        (&["load", "--rate", "10", "--duration", "soon"], "--duration"),
        (&["load", "--rate", "1000000", "--duration", "1000000h"], "--duration"),
        (&["load", "--rate", "10", "--brokers", "nonsense"], "--brokers"),
        (&["up", "--ports", "some"], "--ports"),
        (&["up", "--events-per-second", "0"], "--events-per-second"),
        (&["up", "--error-rate", "2", "--ports", "auto"], "--error-rate"),
        (&["up", "--backends", "some"], "--backends"),
        (&["up", "--slo-scale", "7"], "--slo-scale"),
        (&["up", "--slo-scale", "60", "--backends", "none", "--ports", "auto"], "--slo-scale"),
        (&["topics", "--brokers", "nonsense"], "--brokers"),
        (&["bench", "notify", "--trials", "0"], "--trials"),
        (&["status", "--target", "prometheus=me:secret@h:9090"], "--target"),
    ];
    for (arguments, named) in rows {
        let output = tidewatch(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", said(&output));
        // The first lines come before the usage, which names every flag.
        let sentence: String = said(&output).lines().take(2).collect();
        assert!(sentence.contains(named), "{arguments:?}: {}", said(&output));
        assert!(!said(&output).contains("secret"), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn help_and_version_exit_with_0() {
    for arguments in [["--help", "up"], ["up", "--help"], ["break", "-h"], ["--version", "up"]] {
        assert_eq!(tidewatch(&arguments).status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn help_fits_80_columns() {
    for verb in ["up", "break", "heal", "status", "replay", "bench"] {
        let text = String::from_utf8(tidewatch(&[verb, "--help"]).stdout).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{verb}: {text}");
    }
}

#[test]
fn without_a_running_tidewatch_every_verb_says_how_to_start_one() {
    let rows: [&[&str]; 5] = [
        &["status"],
        &["heal"],
        &["break", "payment-service", "--silence"],
        &["bench", "notify"],
        &["replay", "Cargo.toml"],
    ];
    for arguments in rows {
        let output = tidewatch(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = said(&output);
        assert!(said.starts_with("error: no running tidewatch found in "), "{arguments:?}: {said}");
        assert!(said.contains("start one with `tidewatch up`"), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    }
}

#[test]
fn an_unreachable_broker_is_reported() {
    // A closed port is refused at once, whereas an open one that never answers would lead to a timeout.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let output = tidewatch(&["replay", "Cargo.toml", "--brokers", &closed]);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.starts_with(&format!("error: nothing listens at {closed}: start the broker, or ")), "{said}");
}

#[test]
fn up_refuses_a_load_beyond_the_in_process_broker_and_names_the_alternatives() {
    let output = tidewatch(&["up", "--broker", "in-process", "--events-per-second", "126", "--ports", "auto"]);
    assert_eq!(output.status.code(), Some(64));
    let said = said(&output);
    for named in ["--events-per-second", "504 events/s", "--brokers", "KAFKA_HOME", "tests/setup"] {
        assert!(said.contains(named), "{named}: {said}");
    }
}

#[test]
fn an_unwritable_state_directory_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("state");
    let output =
        tidewatch(&["up", "--ports", "auto", "--broker", "in-process", "--state-dir", below.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(64));
    assert!(said(&output).starts_with("error: --state-dir: can't write to"), "{}", said(&output));
}
