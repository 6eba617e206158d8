//! A relay on free ports, and the alerts that it reads.
use alert_relay::{AlertRelay, Config};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tidewatch_contract::{AlertEvent, AlertState, Event};
use tidewatch_kafka::{KafkaArgs, Message, Producer, topics::ALERTS_FIRED};
use tidewatch_service::{AdminArgs, Service, Shutdown};
use tidewatch_testkit::{alert, eventually};
use tokio::task::JoinHandle;

/// Long enough on a busy machine for anything that has no interval of its own.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) enum To<'a> {
    Webhooks(&'a [&'a str]),
    Alertmanagers(&'a [&'a str]),
}

pub(crate) struct Relay {
    admin: String,
    shutdown: Shutdown,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Relay {
    pub(crate) async fn start(kafka: &KafkaArgs, to: To<'_>) -> Self {
        let parse = |urls: &[&str]| urls.iter().map(|url| url.parse().unwrap()).collect();
        let (alertmanager, webhook) = match to {
            To::Webhooks(urls) => (Vec::new(), parse(urls)),
            To::Alertmanagers(urls) => (parse(urls), Vec::new()),
        };
        let admin = AdminArgs::at(([127, 0, 0, 1], 0));
        let relay = AlertRelay::bind(Config { kafka: kafka.clone(), alertmanager, webhook, admin }).await.unwrap();
        let admin = format!("http://{}", relay.admin_addr());
        let shutdown = Shutdown::new();
        let task = tokio::spawn(relay.run(shutdown.clone()));
        Self { admin, shutdown, task }
    }

    /// Stops it as SIGTERM does.
    pub(crate) async fn stop(self) {
        self.shutdown.trigger();
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap().unwrap();
    }

    /// Ends it as `kill -9` does: work in progress is abandoned.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    pub(crate) async fn metrics(&self) -> String {
        reqwest::get(format!("{}/metrics", self.admin)).await.unwrap().text().await.unwrap()
    }

    /// Waits until a sample whose line begins with `series` is at least `least`.
    pub(crate) async fn counted(&self, series: &str, least: u64) {
        let value = |metrics: &str| {
            let line = metrics.lines().find(|line| line.starts_with(series))?;
            line.rsplit_once(' ')?.1.parse::<u64>().ok()
        };
        eventually(&format!("{series} reaches {least}"), SOON, async || {
            value(&self.metrics().await).filter(|value| *value >= least)
        })
        .await;
    }

    /// Returns status and body of /readyz.
    pub(crate) async fn readiness(&self) -> (u16, String) {
        let answer = reqwest::get(format!("{}/readyz", self.admin)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(crate) async fn is_ready(&self) {
        eventually("the relay is ready", SOON, async || (self.readiness().await.0 == 200).then_some(())).await;
    }

    /// Waits until /readyz reports that it is not ready, with this reason.
    pub(crate) async fn is_unready(&self, because: &str) {
        eventually(&format!("the relay is not ready because {because}"), SOON, async || {
            let (status, body) = self.readiness().await;
            (status == 503 && body.contains(because)).then_some(())
        })
        .await;
    }
}

/// Writes transitions as the stream-processor does.
pub(crate) struct Processor {
    producer: Producer,
    began: Timestamp,
}

impl Processor {
    pub(crate) fn new(kafka: &KafkaArgs) -> Self {
        Self { producer: Producer::new(kafka, "test").unwrap(), began: Timestamp::now() }
    }

    /// Creates a processor whose transitions have timestamps that are `age` in the past.
    pub(crate) fn ago(kafka: &KafkaArgs, age: SignedDuration) -> Self {
        Self { began: Timestamp::now() - age, ..Self::new(kafka) }
    }

    pub(crate) async fn fires(&self, service: &str) -> AlertEvent {
        self.fires_in("us-east-1", service).await
    }

    /// Writes the end of the alert that fired.
    pub(crate) async fn resolves(&self, service: &str) -> AlertEvent {
        self.resolves_in("us-east-1", service).await
    }

    pub(crate) async fn fires_in(&self, region: &str, service: &str) -> AlertEvent {
        self.write(region, service, AlertState::Firing, 0).await
    }

    pub(crate) async fn resolves_in(&self, region: &str, service: &str) -> AlertEvent {
        self.write(region, service, AlertState::Resolved, 1).await
    }

    async fn write(&self, region: &str, service: &str, state: AlertState, second: i64) -> AlertEvent {
        let at = self.began + SignedDuration::from_secs(second);
        let event = AlertEvent { started_at: self.began, ..alert(service, region, state, at) };
        let payload = event.to_json();
        let message = Message::event::<AlertEvent>(ALERTS_FIRED.name, &event.fingerprint, &payload);
        self.producer.send(message).await.unwrap();
        event
    }
}
