//! The brokers that a verb sends events to: those that are named, or those of the running Tidewatch.

use anyhow::{Context, anyhow};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{KafkaArgs, KafkaError, Reader, reach};

use crate::flags;
use crate::state::StateArgs;
use crate::target::{Running, TargetArgs};

/// Selects the brokers.
#[derive(clap::Args, Debug)]
pub(crate) struct Destination {
    /// Kafka brokers to send to [default: those of --target]
    #[arg(long, env = "TIDEWATCH_BROKERS", value_name = "HOST:PORT")]
    brokers: Option<String>,
    /// librdkafka property (TLS, SASL, ...), repeatable; in the environment one per line, or comma-separated
    #[arg(long, env = "TIDEWATCH_KAFKA_CONFIG", value_name = "KEY=VALUE", hide_env_values = true)]
    kafka_config: Vec<tidewatch_kafka::Properties>,
    #[command(flatten)]
    state: StateArgs,
}

impl Destination {
    /// Returns the brokers to send to, and the Tidewatch that runs on them, if it is known.
    pub(crate) async fn find(&self, target: &TargetArgs) -> anyhow::Result<(KafkaArgs, Option<Running>)> {
        if self.brokers.is_some() {
            target.refuse_beside("--brokers (TIDEWATCH_BROKERS)")?;
        }
        let running = target.find(&self.state).await;
        let (brokers, running) = match &self.brokers {
            Some(brokers) => {
                let beside = running.ok().filter(|running| running.endpoints.get("kafka") == Some(brokers));
                (brokers.clone(), beside)
            }
            None if target.is_local() => {
                let running = running.map_err(|error| anyhow!("{error}, or name the broker with --brokers"))?;
                (running.endpoints.require("kafka")?.to_owned(), Some(running))
            }
            None => {
                let running = running?;
                (target.brokers(&running).await?, Some(running))
            }
        };
        Ok((flags::kafka(&brokers, &self.kafka_config)?, running))
    }
}

/// Checks, before anything is sent, that the broker is reachable: otherwise records would wait five minutes for a
/// broker that isn't there.
pub(crate) async fn check_reachable(kafka: &KafkaArgs, client_id: &str, target: &TargetArgs) -> anyhow::Result<()> {
    match reach(kafka).await {
        Err(KafkaError::Unreachable(why)) => {
            let advice = if target.is_local() {
                "`tidewatch up` starts one, --brokers names another"
            } else {
                "in a cluster, one that needs TLS can't be reached like this (docs/kubernetes.md)"
            };
            return Err(anyhow!("{why}; {advice}"));
        }
        outcome => outcome?,
    }
    let reader = Reader::new(kafka, client_id)?;
    match reader.ends(&METRICS_RAW).await {
        Ok(ends) if !ends.is_empty() => Ok(()),
        Ok(_) => Err(anyhow!(
            "the broker at {} has no topic {}: start Tidewatch's services on it first",
            kafka.brokers,
            METRICS_RAW.name
        )),
        Err(error) => Err(error).with_context(|| format!("the broker at {} doesn't serve", kafka.brokers)),
    }
}
