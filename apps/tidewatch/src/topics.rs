//! `tidewatch topics`: what services that run on their own need of a Kafka.

use anyhow::Context;
use tidewatch_kafka::{KafkaArgs, topics};

use crate::exit::usage;
use crate::say::say;

/// Create the topics that a Kafka lacks, as `up --brokers` does
///
/// For services that are run one by one. Topics that are there keep their settings; their partitions are checked. Once it
/// ends, all of them have leaders.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  tidewatch topics --brokers kafka-1:9092,kafka-2:9092")]
pub(crate) struct Args {
    #[command(flatten)]
    kafka: KafkaArgs,
}

/// Creates them.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    args.kafka.check().map_err(usage)?;
    let brokers = &args.kafka.brokers;
    let created = topics::ensure(&args.kafka).await.with_context(|| format!("--brokers {brokers} can't be used"))?;
    for topic in topics::ALL {
        say!(
            "{:<22} {}",
            topic.name,
            if created.iter().any(|name| name == topic.name) { "created" } else { "was there" }
        );
    }
    Ok(())
}
