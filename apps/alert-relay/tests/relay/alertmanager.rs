//! The relay with a real Alertmanager.
use crate::{
    receiver::{Mood, Receiver},
    running::{Processor, SOON, To, start},
};
use serde_json::Value;
use std::time::Duration;
use tempfile::TempDir;
use tidewatch_servers::process::Port;
use tidewatch_servers::{Installation, Running, alertmanager, alertmanager::Receivers};
use tidewatch_testkit::{Broker, eventually, program};

/// Returns the installed Alertmanager; if there is none, reports `test` as skipped.
fn installed(test: &str) -> Option<Installation> {
    Some(Installation::of("alertmanager", program("alertmanager", test)?))
}

/// An Alertmanager that notifies `receiver`, configured like the one of `tidewatch up`; stopped when dropped.
struct Alertmanager {
    running: Running,
    _dir: TempDir,
}

impl Alertmanager {
    async fn start(installation: &Installation, port: Port, receiver: &Receiver) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let receivers = Receivers::Webhook(receiver.webhook.clone());
        let server = alertmanager::Alertmanager { installation: installation.clone(), receivers };
        let running = Running::start(&server, dir.path(), port).await.unwrap();
        Self { running, _dir: dir }
    }

    fn url(&self) -> &str {
        self.running.url()
    }

    /// Returns the alerts that it holds for a service.
    async fn alerts(&self, service: &str) -> Vec<Value> {
        let answer = reqwest::get(format!("{}/api/v2/alerts", self.url())).await.unwrap();
        let mut alerts: Vec<Value> = answer.json().await.unwrap();
        alerts.retain(|alert| alert["labels"]["service"] == service);
        alerts
    }

    async fn holds(&self, service: &str, limit: Duration) -> Value {
        eventually(&format!("alertmanager holds {service}"), limit, async || self.alerts(service).await.pop()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alertmanager_that_lost_its_data_has_the_alert_again_within_a_minute() {
    let Some(installation) = installed("an_alertmanager_restarted_with_nothing_kept") else { return };
    let broker = Broker::in_process();
    let processor = Processor::new(broker.args());
    let receiver = Receiver::up(Mood::Accepts);
    let port = Port::Fixed(Port::free());
    let before = Alertmanager::start(&installation, port, &receiver).await;
    let relay = start(broker.args(), To::Alertmanagers(&[before.url()])).await;
    let event = processor.fires("a").await;
    let first = before.holds("a", SOON).await;
    receiver.hears("a", "firing").await;
    assert_eq!(receiver.bodies()[0]["alerts"][0]["annotations"]["value"], "0.31");
    drop(before);

    let after = Alertmanager::start(&installation, port, &receiver).await;
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
async fn firing_and_resolved_that_arrive_together_are_both_notified() {
    let Some(installation) = installed("a_firing_and_its_resolved_that_come_together") else { return };
    let broker = Broker::in_process();
    let processor = Processor::new(broker.args());
    let receiver = Receiver::up(Mood::Accepts);
    let alertmanager = Alertmanager::start(&installation, Port::Free, &receiver).await;
    let relay = start(broker.args(), To::Alertmanagers(&[alertmanager.url()])).await;
    // For a group that was notified before, Alertmanager reports the current state at the next group interval.
    processor.fires("a").await;
    receiver.hears("a", "firing").await;
    processor.fires_in("eu-west-1", "a").await;
    processor.resolves_in("eu-west-1", "a").await;
    for status in ["firing", "resolved"] {
        let is_notified = |body: &Value| {
            let mut alerts = body["alerts"].as_array().unwrap().iter();
            alerts.any(|alert| alert["labels"]["region"] == "eu-west-1" && alert["status"] == status)
        };
        eventually(&format!("eu-west-1 is reported as {status}"), SOON, async || {
            receiver.bodies().iter().any(is_notified).then_some(())
        })
        .await;
    }
    relay.stop().await;
}
