//! `runbooks/env.sh`, which is sourced into an interactive shell: it takes addresses from the state directory, and
//! nothing else.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tidewatch_testkit::program;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../runbooks/env.sh");

/// Sources the script for an `up` with this process id and these endpoints, and returns the values of the variables.
fn sourced(dir: &Path, process: &str, endpoints: &Value, variables: &[&str]) -> Vec<String> {
    std::fs::write(dir.join("up.lock"), format!("{process}\n")).unwrap();
    std::fs::write(dir.join("endpoints.json"), endpoints.to_string()).unwrap();
    let shown: String = variables.iter().map(|name| format!("printf '%s\\n' \"${name}\"\n")).collect();
    let output = Command::new("sh")
        .args(["-c", &format!(". {SCRIPT} >/dev/null\n{shown}")])
        .env("TIDEWATCH_STATE_DIR", dir)
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn alive() -> String {
    std::process::id().to_string()
}

#[test]
fn known_addresses_are_taken_and_nothing_else_is_set_or_run() {
    if program("jq", "known_addresses_are_taken_and_nothing_else_is_set_or_run").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let endpoints = json!({
        "processor": "http://127.0.0.1:9465",
        "kafka": "kafka-1:9092,kafka-2:9092",
        "console": "$(touch ran)",
        "prometheus": "http://h/$(touch ran)`touch ran`'\";touch ran;",
        "relay": "--output ran",
        "bridge": ["http://127.0.0.1:1"],
        "simulator": "file:///etc/passwd",
        "home": "/somewhere/else",
        "x=1;touch ran;y": "z",
    });
    let variables = ["PROCESSOR", "KAFKA", "CONSOLE", "RELAY", "BRIDGE", "SIMULATOR", "PROMETHEUS"];
    let shown = sourced(dir.path(), &alive(), &endpoints, &variables);
    assert_eq!(shown, ["http://127.0.0.1:9465", "kafka-1:9092,kafka-2:9092", "", "", "", "", ""]);
    let home = sourced(dir.path(), &alive(), &endpoints, &["HOME"]);
    assert_eq!(home, [std::env::var("HOME").unwrap_or_default()]);
    assert!(!dir.path().join("ran").exists());
}

#[test]
fn an_up_that_has_ended_has_no_addresses() {
    if program("jq", "an_up_that_has_ended_has_no_addresses").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    let endpoints = json!({ "processor": "http://127.0.0.1:9465" });
    for process in [gone.id().to_string(), String::new(), "1; touch ran".into(), "-1".into()] {
        assert_eq!(sourced(dir.path(), &process, &endpoints, &["PROCESSOR", "UP"]), ["", ""], "{process}");
    }
    assert_eq!(sourced(dir.path(), &alive(), &endpoints, &["PROCESSOR"]), ["http://127.0.0.1:9465"]);
}
