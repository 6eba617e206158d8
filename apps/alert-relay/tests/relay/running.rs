//! A relay on free ports, and the alerts that it reads.
use alert_relay::{AlertRelay, Config};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tidewatch_contract::{AlertEvent, AlertState, Event};
use tidewatch_kafka::{KafkaArgs, Message, Producer, topics::ALERTS_FIRED};
use tidewatch_testkit::{RunningService, alert};

/// Long enough on a busy machine for anything that has no interval of its own.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) enum To<'a> {
    Webhooks(&'a [&'a str]),
    Alertmanagers(&'a [&'a str]),
}

/// Starts a relay.
pub(crate) async fn start(kafka: &KafkaArgs, to: To<'_>) -> RunningService {
    let parse = |urls: &[&str]| urls.iter().map(|url| url.parse().unwrap()).collect();
    let (alertmanager, webhook) = match to {
        To::Webhooks(urls) => (Vec::new(), parse(urls)),
        To::Alertmanagers(urls) => (parse(urls), Vec::new()),
    };
    RunningService::start::<AlertRelay>(Config { kafka: kafka.clone(), alertmanager, webhook }).await
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
