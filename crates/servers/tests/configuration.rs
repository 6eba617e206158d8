//! The generated configuration is valid according to the servers' own tools, and sends each alert to the right
//! receiver.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tidewatch_platform::{ALERTMANAGER, PROMETHEUS};
use tidewatch_servers::alertmanager::{self, Receivers};
use tidewatch_servers::prometheus::{Config, Target};
use tidewatch_servers::{grafana, rules};
use tidewatch_testkit::program;

/// Returns the path of a file in alertmanager/.
fn committed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../alertmanager").join(name)
}

fn production() -> PathBuf {
    committed("production.yaml")
}

/// Runs a checking tool, which must succeed, and returns its output.
fn checked(tool: &Path, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

#[test]
fn the_configurations_in_git_are_the_generated_ones() {
    for (name, receivers) in [("production.yaml", Receivers::production()), ("local.yaml", Receivers::local())] {
        assert_eq!(
            std::fs::read_to_string(committed(name)).unwrap(),
            alertmanager::render(&receivers),
            "alertmanager/{name} has drifted: run `cargo xtask generate`"
        );
    }
}

#[test]
fn amtool_accepts_both_configurations() {
    let Some(amtool) = program("amtool", "amtool_accepts_both_configurations") else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("alertmanager.yaml");
    for receivers in [Receivers::production(), Receivers::local()] {
        std::fs::write(&file, alertmanager::render(&receivers)).unwrap();
        checked(&amtool, &["check-config", file.to_str().unwrap()]);
    }
}

#[test]
fn each_alert_goes_to_the_receiver_of_its_severity() {
    let Some(amtool) = program("amtool", "each_alert_goes_to_the_receiver_of_its_severity") else { return };
    for (labels, receiver) in [
        ("alertname=HighErrorRate severity=critical path=fast service=payment-service region=eu-west-1", "page"),
        ("alertname=HighErrorRate severity=critical path=slow service=payment-service", "page"),
        ("alertname=HighLatencyP99 severity=warning path=fast service=payment-service", "chat"),
        ("alertname=ErrorBudgetBurnPage severity=critical path=slow slo=payment-availability", "page"),
        ("alertname=ErrorBudgetBurnTicket severity=warning path=slow slo=payment-availability", "chat"),
        ("alertname=MyOwnRule severity=critical path=fast service=payment-service", "page"),
        ("alertname=MyOwnRule severity=info path=fast service=payment-service", "chat"),
        ("alertname=KafkaUnreachable severity=critical path=slow", "page"),
        ("alertname=TargetDown severity=warning path=slow", "chat"),
        ("alertname=WithoutSeverity", "chat"),
        ("alertname=Watchdog severity=critical path=slow", "watchdog"),
    ] {
        let file = production();
        let config = format!("--config.file={}", file.to_str().unwrap());
        let mut arguments = vec!["config", "routes", "test", config.as_str()];
        arguments.extend(labels.split(' '));
        assert_eq!(checked(&amtool, &arguments).trim(), receiver, "{labels}");
    }
}

#[test]
fn watchdog_is_sent_every_minute_however_long_its_receiver_takes_to_answer() {
    let file = std::fs::read_to_string(production()).unwrap();
    let config: serde_json::Value = serde_saphyr::from_str(&file).unwrap();
    let routes = config["route"]["routes"].as_array().unwrap();
    let route = routes.iter().find(|route| route["receiver"] == "watchdog").unwrap();
    let seconds = |field: &str| route[field].as_str().unwrap().strip_suffix('s').unwrap().parse::<u64>().unwrap();
    let (group_interval, repeat_interval) = (seconds("group_interval"), seconds("repeat_interval"));
    // Alertmanager checks every group_interval whether repeat_interval has passed since the last answer.
    for answered_after in [1, 9] {
        let mut checks = (1..).map(|check| check * group_interval);
        let sent = checks.find(|at| *at > repeat_interval + answered_after);
        assert_eq!(sent, Some(60), "answered after {answered_after} s");
    }
}

#[test]
fn promtool_accepts_the_configuration_and_every_embedded_rule() {
    let Some(promtool) = program("promtool", "promtool_accepts_the_configuration_and_every_embedded_rule") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("rules")).unwrap();
    for file in rules() {
        std::fs::write(dir.path().join("rules").join(file.name), file.text).unwrap();
    }
    let file = dir.path().join("prometheus.yml");
    for (interval, alertmanager) in [(Duration::from_secs(5), Some(9093)), (Duration::from_millis(250), None)] {
        let target = Target { job: "metrics-bridge".into(), address: ([127, 0, 0, 1], 9466).into() };
        let config = Config { scrape_interval: interval, targets: vec![target], rules: rules(), alertmanager };
        std::fs::write(&file, config.render(9090)).unwrap();
        checked(&promtool, &["check", "config", file.to_str().unwrap()]);
    }
}

#[test]
fn grafana_gets_its_datasources_under_the_uids_that_dashboards_use() {
    let servers = [(PROMETHEUS, 9090), (ALERTMANAGER, 9093)].into_iter().collect();
    let config = grafana::Config { servers, dashboards: Vec::new() };
    let value: serde_json::Value = serde_saphyr::from_str(&config.datasources()).unwrap();
    let of = |field: &str| -> Vec<&str> {
        let list = value["datasources"].as_array().unwrap().iter();
        list.map(|datasource| datasource[field].as_str().unwrap()).collect()
    };
    assert_eq!(of("uid"), ["prometheus", "alertmanager"]);
    assert_eq!(of("type"), ["prometheus", "alertmanager"]);
    assert_eq!(of("url"), ["http://127.0.0.1:9090", "http://127.0.0.1:9093"]);

    let provider: serde_json::Value = serde_saphyr::from_str(&grafana::Config::provider(Path::new("/a/dir"))).unwrap();
    assert_eq!(provider["providers"][0]["options"]["path"], "/a/dir");
}
