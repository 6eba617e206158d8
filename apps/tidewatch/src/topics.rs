//! `tidewatch topics`: prepares a Kafka cluster for services that run on their own.

use anyhow::Context;
use tidewatch_kafka::{KafkaArgs, topics};
use tidewatch_platform::KAFKA;

use crate::flags;
use crate::say::say;
use crate::state::StateArgs;
use crate::target::TargetArgs;

/// Create the topics that are missing on a Kafka cluster, as `up --brokers` does
///
/// For services that are run one by one. Existing topics keep their settings, but the number of their partitions is
/// checked. The command ends once all topics have leaders.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  tidewatch topics --brokers kafka-1:9092,kafka-2:9092")]
pub(crate) struct Args {
    /// Kafka brokers, comma-separated [default: those of --target, or of this machine's port 9092]
    #[arg(long, env = "TIDEWATCH_BROKERS", value_name = "HOST:PORT")]
    brokers: Option<String>,
    /// librdkafka property (TLS, SASL, ...), repeatable; in the environment one per line, or comma-separated
    #[arg(long, env = "TIDEWATCH_KAFKA_CONFIG", value_name = "KEY=VALUE", hide_env_values = true)]
    kafka_config: Vec<tidewatch_kafka::Properties>,
}

/// Creates the topics that are missing on these brokers, and returns their names.
pub(crate) async fn ensure(brokers: &KafkaArgs) -> anyhow::Result<Vec<String>> {
    topics::ensure(brokers).await.with_context(|| format!("--brokers {} can't be used", brokers.brokers))
}

/// Creates the topics and prints the result.
pub(crate) async fn run(args: Args, target: &TargetArgs) -> anyhow::Result<()> {
    let brokers = match args.brokers {
        Some(brokers) => {
            target.refuse_beside("--brokers (TIDEWATCH_BROKERS)")?;
            brokers
        }
        None if target.is_local() => KAFKA.port.on_loopback().to_string(),
        None => target.brokers(&target.find(&StateArgs::default()).await?).await?,
    };
    let kafka = flags::kafka(&brokers, &args.kafka_config)?;
    let created = ensure(&kafka).await?;
    for topic in topics::ALL {
        say!(
            "{:<22} {}",
            topic.name,
            if created.iter().any(|name| name == topic.name) { "created" } else { "already exists" }
        );
    }
    Ok(())
}
