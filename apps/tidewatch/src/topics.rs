//! `tidewatch topics`: prepares a Kafka cluster for services that run on their own.

use anyhow::Context;
use tidewatch_kafka::{KafkaArgs, topics};

use crate::exit::usage;
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
    #[command(flatten)]
    kafka: KafkaArgs,
}

/// Creates the topics that are missing on these brokers, and returns their names.
pub(crate) async fn ensure(brokers: &KafkaArgs) -> anyhow::Result<Vec<String>> {
    topics::ensure(brokers).await.with_context(|| format!("--brokers {} can't be used", brokers.brokers))
}

/// Creates the topics and prints the result.
pub(crate) async fn run(mut args: Args, target: &TargetArgs) -> anyhow::Result<()> {
    if !target.is_local() {
        let running = target.find(&StateArgs::default()).await?;
        running.endpoints.require("kafka")?.clone_into(&mut args.kafka.brokers);
    }
    args.kafka.check().map_err(usage)?;
    let created = ensure(&args.kafka).await?;
    for topic in topics::ALL {
        say!(
            "{:<22} {}",
            topic.name,
            if created.iter().any(|name| name == topic.name) { "created" } else { "already exists" }
        );
    }
    Ok(())
}
