//! The brokers that a verb sends events to: those that are named, or those of the running Tidewatch.

use anyhow::anyhow;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, Reader};

use crate::flags;
use crate::state::{Endpoints, StateArgs};

/// Selects the brokers.
#[derive(clap::Args, Debug)]
pub(crate) struct Destination {
    /// Kafka brokers to send to [default: those of the running `tidewatch up`]
    #[arg(long, env = "TIDEWATCH_BROKERS", value_name = "HOST:PORT")]
    brokers: Option<String>,
    /// librdkafka property (TLS, SASL, ...), repeatable; in the environment one per line, or comma-separated
    #[arg(long, env = "TIDEWATCH_KAFKA_CONFIG", value_name = "KEY=VALUE", hide_env_values = true)]
    kafka_config: Vec<tidewatch_kafka::Properties>,
    #[command(flatten)]
    state: StateArgs,
}

impl Destination {
    /// Returns the brokers to send to, and the endpoints of the Tidewatch that runs on them.
    pub(crate) fn find(&self) -> anyhow::Result<(KafkaArgs, Endpoints)> {
        let running = self.state.endpoints();
        let (brokers, endpoints) = match &self.brokers {
            Some(brokers) => {
                let beside = running.ok().filter(|endpoints| endpoints.get("kafka") == Some(brokers));
                (brokers.clone(), beside.unwrap_or_default())
            }
            None => {
                let endpoints = running.map_err(|error| anyhow!("{error}, or name the broker with --brokers"))?;
                (endpoints.require("kafka")?.to_owned(), endpoints)
            }
        };
        Ok((flags::kafka(&brokers, &self.kafka_config)?, endpoints))
    }
}

/// Checks, before anything is sent, that the broker is reachable: otherwise records would wait five minutes for a
/// broker that isn't there.
pub(crate) async fn check_reachable(kafka: &KafkaArgs, client_id: &str) -> anyhow::Result<()> {
    let reader = Reader::new(kafka, client_id)?;
    match reader.ends(&METRICS_RAW).await {
        Ok(ends) if !ends.is_empty() => Ok(()),
        Ok(_) => Err(anyhow!(
            "the broker at {} has no topic {}: start Tidewatch's services on it first",
            kafka.brokers,
            METRICS_RAW.name
        )),
        Err(error) => Err(anyhow!(
            "the broker at {} can't be reached ({error}): start one with `tidewatch up`, or name another with \
             --brokers",
            kafka.brokers
        )),
    }
}
