//! A real Alertmanager behind the relay.
use crate::{
    receiver::{Mood, Receiver},
    running::{Processor, Relay, SOON, To},
};
use serde_json::Value;
use std::{
    env, fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tidewatch_testkit::{Broker, eventually, skipped};

/// On PATH, or where tests/setup puts it.
fn program(test: &str) -> Option<PathBuf> {
    let name = "alertmanager";
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(env::home_dir()?.join(".cache"))).map(|dir| dir.join("tidewatch/bin"));
    let found = on_path.into_iter().chain(cache).map(|dir| dir.join(name)).find(|path| path.is_file());
    if found.is_none() {
        skipped(test, "no alertmanager on PATH or in ${XDG_CACHE_HOME:-~/.cache}/tidewatch/bin; run tests/setup");
    }
    found
}

/// Notifies `receiver`, by the route that the fast path has; ends when dropped.
struct Alertmanager {
    child: Child,
    url: String,
    _dir: TempDir,
}

impl Alertmanager {
    async fn start(program: &PathBuf, port: u16, receiver: &Receiver) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("alertmanager.yaml");
        let route =
            "{receiver: chat, group_by: [alertname, service], group_wait: 0s, group_interval: 5s, repeat_interval: 4h}";
        let chat = format!("[{{name: chat, webhook_configs: [{{url: '{}', send_resolved: true}}]}}]", receiver.webhook);
        fs::write(&config, format!("route: {route}\nreceivers: {chat}\n")).unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", dir.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let alertmanager = Self { child, url: format!("http://127.0.0.1:{port}"), _dir: dir };
        eventually("alertmanager is ready", SOON, async || {
            let answer = reqwest::get(format!("{}/-/ready", alertmanager.url)).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        alertmanager
    }

    /// The alerts that it holds for a service.
    async fn alerts(&self, service: &str) -> Vec<Value> {
        let answer = reqwest::get(format!("{}/api/v2/alerts", self.url)).await.unwrap();
        let mut alerts: Vec<Value> = answer.json().await.unwrap();
        alerts.retain(|alert| alert["labels"]["service"] == service);
        alerts
    }

    async fn holds(&self, service: &str, limit: Duration) -> Value {
        eventually(&format!("alertmanager holds {service}"), limit, async || self.alerts(service).await.pop()).await
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alertmanager_restarted_with_nothing_kept_has_the_alert_again_within_a_minute() {
    let Some(program) = program("an_alertmanager_restarted_with_nothing_kept") else { return };
    let broker = Broker::in_process();
    let processor = Processor::new(broker.args());
    let receiver = Receiver::up(Mood::Accepts);
    let port = free_port();
    let before = Alertmanager::start(&program, port, &receiver).await;
    let relay = Relay::start(broker.args(), To::Alertmanagers(&[&before.url])).await;
    let event = processor.fires("a").await;
    let first = before.holds("a", SOON).await;
    receiver.hears("a", "firing").await;
    assert_eq!(receiver.bodies()[0]["alerts"][0]["annotations"]["value"], "0.31");
    drop(before);

    let after = Alertmanager::start(&program, port, &receiver).await;
    assert!(after.alerts("a").await.is_empty());
    let again = after.holds("a", Duration::from_secs(60)).await;
    assert_eq!(again["startsAt"], first["startsAt"]);
    assert_eq!(again["fingerprint"], first["fingerprint"]);
    assert_eq!(again["startsAt"].as_str().unwrap().get(..19), event.started_at.to_string().get(..19));

    processor.resolves("a").await;
    receiver.hears("a", "resolved").await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firing_and_its_resolved_that_come_together_are_notified_as_both() {
    let Some(program) = program("a_firing_and_its_resolved_that_come_together") else { return };
    let broker = Broker::in_process();
    let processor = Processor::new(broker.args());
    let receiver = Receiver::up(Mood::Accepts);
    let alertmanager = Alertmanager::start(&program, free_port(), &receiver).await;
    let relay = Relay::start(broker.args(), To::Alertmanagers(&[&alertmanager.url])).await;
    // Of a group that was notified already Alertmanager tells at the next group interval what holds by then.
    processor.fires("a").await;
    receiver.hears("a", "firing").await;
    processor.fires_in("eu-west-1", "a").await;
    processor.resolves_in("eu-west-1", "a").await;
    for status in ["firing", "resolved"] {
        let is_told = |body: &Value| {
            let mut alerts = body["alerts"].as_array().unwrap().iter();
            alerts.any(|alert| alert["labels"]["region"] == "eu-west-1" && alert["status"] == status)
        };
        eventually(&format!("eu-west-1 is told to be {status}"), SOON, async || {
            receiver.bodies().iter().any(is_told).then_some(())
        })
        .await;
    }
    relay.stop().await;
}
