//! The Kafka to read from, and its topics: created for each measurement, and deleted at the end.

use std::path::Path;

use anyhow::{Context, anyhow};
use tidewatch_kafka::topics::{self, ALERTS_FIRED, BRIDGE_STATE, METRICS_RAW, METRICS_RAW_DLQ, PROCESSOR_STATE};
use tidewatch_kafka::{KafkaArgs, Properties, Topic};
use tidewatch_servers::kafka::RealKafka;
use tidewatch_servers::process::Port;

use crate::exit::usage;
use crate::flags;

/// The topics that the two services write.
const STATE: [Topic; 4] = [PROCESSOR_STATE, ALERTS_FIRED, METRICS_RAW_DLQ, BRIDGE_STATE];

/// A Kafka whose only Tidewatch topics are those created here.
pub(super) struct Broker {
    args: KafkaArgs,
    kafka: Option<RealKafka>,
    what: String,
    created: Vec<Topic>,
}

impl Broker {
    /// Uses the Kafka at `brokers`, or starts one that keeps its data in `dir`.
    pub(super) async fn start(brokers: Option<&str>, properties: &[Properties], dir: &Path) -> anyhow::Result<Self> {
        let (kafka, addresses, what) = match brokers {
            Some(brokers) => (None, brokers.to_owned(), format!("Kafka at {brokers}")),
            None => {
                let installation = RealKafka::discover().map_err(|missing| usage(format!("--brokers: {missing}")))?;
                let kafka = RealKafka::start(&installation, &dir.join("kafka"), Port::Free).await?;
                let addresses = kafka.brokers();
                (Some(kafka), addresses, installation.to_string())
            }
        };
        let args = flags::kafka(&addresses, properties)?;
        Ok(Self { args, kafka, what, created: Vec::new() })
    }

    /// Returns how clients reach it.
    pub(super) fn args(&self) -> &KafkaArgs {
        &self.args
    }

    /// Returns the same as flags for the services.
    pub(super) fn flags(&self) -> Vec<String> {
        let properties = self.args.kafka_config.iter().map(|text| format!("--kafka-config={}", text.secret_text()));
        [format!("--brokers={}", self.args.brokers)].into_iter().chain(properties).collect()
    }

    /// Returns a description of the Kafka.
    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// Creates an empty `metrics.raw`.
    pub(super) async fn create_input(&mut self, partitions: i32) -> anyhow::Result<()> {
        self.create(&[Topic { partitions, ..METRICS_RAW }]).await
    }

    /// Creates the topics that the services write, without the records they wrote before.
    pub(super) async fn create_state(&mut self, partitions: i32) -> anyhow::Result<()> {
        self.delete(|topic| topic.name != METRICS_RAW.name).await?;
        let partitions_of = |topic: &Topic| match *topic {
            PROCESSOR_STATE | BRIDGE_STATE => partitions,
            _ => topic.partitions,
        };
        self.create(&STATE.map(|topic| Topic { partitions: partitions_of(&topic), ..topic })).await
    }

    async fn create(&mut self, wanted: &[Topic]) -> anyhow::Result<()> {
        let created = topics::create(&self.args, wanted).await.with_context(|| self.place())?;
        let (own, foreign): (Vec<Topic>, Vec<Topic>) =
            wanted.iter().partition(|topic| created.iter().any(|name| name == topic.name));
        self.created.extend(own);
        match foreign.as_slice() {
            [] => Ok(()),
            [topic, ..] => Err(usage(format!(
                "--brokers: {} already has a topic {}; bench pipeline deletes the topics that it uses, so name a Kafka \
                 without topics of Tidewatch",
                self.args.brokers, topic.name
            ))),
        }
    }

    /// Deletes all topics created here.
    pub(super) async fn clean_topics(&mut self) -> anyhow::Result<()> {
        self.delete(|_| true).await
    }

    async fn delete(&mut self, which: impl Fn(&Topic) -> bool) -> anyhow::Result<()> {
        let (gone, kept): (Vec<Topic>, Vec<Topic>) = self.created.iter().partition(|topic| which(topic));
        if !gone.is_empty() {
            topics::delete(&self.args, &gone).await.with_context(|| self.place())?;
        }
        self.created = kept;
        Ok(())
    }

    /// Stops the Kafka that was started here, or leaves an external one as it was found. Groups without topics expire
    /// by themselves.
    pub(super) async fn clean_up(mut self) -> anyhow::Result<()> {
        if let Some(kafka) = self.kafka.take() {
            kafka.stop().await;
            return Ok(());
        }
        let names: Vec<&str> = self.created.iter().map(|topic| topic.name).collect();
        let left = format!("these topics may still exist: {}", names.join(", "));
        self.clean_topics().await.map_err(|error| anyhow!("{error:#}; {left}"))
    }

    fn place(&self) -> String {
        format!("the Kafka at {} can't be used", self.args.brokers)
    }
}
