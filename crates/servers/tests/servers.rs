//! The servers as processes: start, failures at the start, stop.
#![allow(clippy::unwrap_used, missing_docs)]

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tidewatch_platform::PROMETHEUS;
use tidewatch_servers::alertmanager::{Alertmanager, Receivers};
use tidewatch_servers::grafana::{self, Grafana};
use tidewatch_servers::process::{Port, PortError};
use tidewatch_servers::prometheus::{self, Prometheus, Target};
use tidewatch_servers::{File, Installation, Running, ServerError, rules};
use tidewatch_testkit::{eventually, program};

const SOON: Duration = Duration::from_secs(30);

fn installed(name: &'static str, test: &str) -> Option<Installation> {
    Some(Installation::of(name, program(name, test)?))
}

fn config() -> prometheus::Config {
    prometheus::Config {
        scrape_interval: Duration::from_secs(1),
        targets: Vec::new(),
        rules: rules(),
        alertmanager: None,
    }
}

/// Starts a Prometheus.
async fn start(
    installation: Installation,
    dir: &Path,
    port: Port,
    config: prometheus::Config,
) -> Result<Running, ServerError> {
    Running::start(&Prometheus { installation, config }, dir, port).await
}

async fn get(url: &str) -> Option<Value> {
    reqwest::get(url).await.ok()?.json().await.ok()
}

fn listens(url: &str) -> bool {
    TcpStream::connect(url.trim_start_matches("http://")).is_ok()
}

#[tokio::test]
async fn prometheus_scrapes_itself_and_its_alertmanager_and_every_rule_is_evaluated() {
    let test = "prometheus_scrapes_itself_and_its_alertmanager_and_every_rule_is_evaluated";
    let Some(prometheus) = installed("prometheus", test) else { return };
    let Some(alertmanager) = installed("alertmanager", test) else { return };
    let dir = tempfile::tempdir().unwrap();
    let receivers = Receivers::Webhook("http://127.0.0.1:1/webhook".into());
    let am_port = Port::free();
    let alertmanager = Alertmanager { installation: alertmanager, receivers };
    let am = Running::start(&alertmanager, &dir.path().join("am"), Port::Fixed(am_port)).await.unwrap();
    let config = prometheus::Config { alertmanager: Some(am_port), ..config() };
    let prom = start(prometheus, &dir.path().join("prom"), Port::Free, config).await.unwrap();

    eventually("both are scraped", SOON, async || {
        let targets = get(&format!("{}/api/v1/targets", prom.url())).await?;
        let targets = targets["data"]["activeTargets"].as_array()?.clone();
        (targets.len() == 2 && targets.iter().all(|target| target["health"] == "up")).then_some(())
    })
    .await;
    eventually("it sends alerts to the alertmanager", SOON, async || {
        let known = get(&format!("{}/api/v1/alertmanagers", prom.url())).await?;
        let url = known["data"]["activeAlertmanagers"][0]["url"].as_str()?.to_owned();
        url.starts_with(am.url()).then_some(())
    })
    .await;

    let urls = [prom.url().to_owned(), am.url().to_owned()];
    prom.stop().await;
    drop(am);
    assert!(!urls.iter().any(|url| listens(url)), "both have ended");
}

#[tokio::test]
async fn prometheus_keeps_its_data_when_killed_and_restarted() {
    let test = "prometheus_keeps_its_data_when_killed_and_restarted";
    let Some(prometheus) = installed("prometheus", test) else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut prom = start(prometheus, dir.path(), Port::Free, config()).await.unwrap();
    let samples = format!("{}/api/v1/query?query=count_over_time(up[1h])", prom.url());
    let samples = async || get(&samples).await?["data"]["result"][0]["value"][1].as_str()?.parse::<u64>().ok();
    let before = eventually("it scrapes itself", SOON, async || samples().await.filter(|count| *count >= 2)).await;
    let pid = prom.pid();
    prom.restart().await.unwrap();
    assert_ne!(prom.pid(), pid);
    let after = eventually("it scrapes itself again", SOON, samples).await;
    assert!(after >= before, "{after} samples of {before}");
}

#[tokio::test]
async fn a_target_that_does_not_answer_is_down_under_its_job() {
    let Some(prometheus) = installed("prometheus", "a_target_that_does_not_answer_is_down_under_its_job") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let nobody = Target { job: "stream-processor".into(), address: ([127, 0, 0, 1], 1).into() };
    let config = prometheus::Config { targets: vec![nobody], ..config() };
    let prom = start(prometheus, dir.path(), Port::Free, config).await.unwrap();
    eventually("it is down", SOON, async || {
        let up = get(&format!("{}/api/v1/query?query=up==0", prom.url())).await?;
        (up["data"]["result"][0]["metric"]["job"] == "stream-processor").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_refused_configuration_is_reported_with_the_end_of_the_log() {
    let Some(prometheus) = installed("prometheus", "a_refused_configuration_is_reported_with_the_end_of_the_log")
    else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let broken =
        File { name: "broken.yaml".into(), text: "groups: [{name: a, rules: [{record: b, expr: 'sum('}]}]".into() };
    let config = prometheus::Config { rules: vec![broken], ..config() };
    let error = start(prometheus, dir.path(), Port::Free, config).await.unwrap_err().to_string();
    assert!(error.starts_with("prometheus ended at start (exit status"), "{error}");
    assert!(error.contains("prometheus.log") && error.contains("broken.yaml"), "{error}");
}

#[tokio::test]
async fn a_port_in_use_is_refused_before_anything_is_started() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let dir = tempfile::tempdir().unwrap();
    let nothing = Installation::of("prometheus", dir.path().join("no such program"));
    let error = start(nothing, dir.path(), Port::Fixed(port), config()).await.unwrap_err();
    assert!(matches!(error, ServerError::Port(PortError::InUse(p)) if p == port), "{error:?}");
}

#[tokio::test]
async fn rules_of_an_earlier_start_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let ends = script(dir.path(), "prometheus", "exit 1");
    let earlier = dir.path().join("rules/earlier.yaml");
    std::fs::create_dir(dir.path().join("rules")).unwrap();
    std::fs::write(&earlier, "").unwrap();
    start(ends, dir.path(), Port::Free, config()).await.unwrap_err();
    assert!(!earlier.exists());
    assert!(dir.path().join("prometheus.yml").exists());
}

#[tokio::test]
async fn grafana_gets_its_files_and_arguments_and_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    // Answers 200 to every request, on the port of its configuration, and records its arguments.
    let fake = script(
        dir.path(),
        "grafana",
        r#"echo "$@" > called
port=$(sed -n 's/^http_port = //p' grafana.ini)
exec python3 -c "
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer(('127.0.0.1', $port), Handler).serve_forever()""#,
    );
    if program("python3", "grafana_gets_its_files_and_arguments_and_is_stopped").is_none() {
        return;
    }
    let config = grafana::Config {
        servers: [(PROMETHEUS, 9090)].into_iter().collect(),
        dashboards: vec![File { name: "overview.json".into(), text: "{}".into() }],
    };
    let state = dir.path().join("state");
    let running = Running::start(&Grafana { installation: fake, config }, &state, Port::Free).await.unwrap();
    let called = std::fs::read_to_string(state.join("called")).unwrap();
    assert!(called.starts_with("server ") && called.contains("grafana.ini"), "{called}");
    for file in ["dashboards/overview.json", "provisioning/datasources/tidewatch.yaml"] {
        assert!(state.join(file).exists(), "{file}");
    }
    let ini = std::fs::read_to_string(state.join("grafana.ini")).unwrap();
    assert!(ini.contains(&format!("{}/dashboards/overview.json", state.display())), "{ini}");
    let url = running.url().to_owned();
    running.stop().await;
    assert!(!listens(&url));
}

fn script(dir: &Path, name: &'static str, body: &str) -> Installation {
    let file = dir.join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    Installation::of(name, file)
}
