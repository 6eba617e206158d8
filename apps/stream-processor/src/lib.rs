//! Reads `metrics.raw`, evaluates it with `tidewatch-detect`, and writes alerts, dead letters and its own state.
//!
//! A single thread does this in the order of the records: [`engine`] polls, [`partitions`] owns the state of each
//! partition, [`checkpoint`] makes it durable. So nothing here needs a lock, and a second run over the same records
//! makes the same decisions.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod checkpoint;
mod dead_letter;
mod engine;
mod idle;
mod metrics;
mod outbox;
mod owned;
mod partitions;
mod state;
mod status;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tidewatch_detect::{Limits, Rules};
use tidewatch_kafka::{GroupArgs, KafkaArgs};
use tidewatch_service::metrics::Family;
use tidewatch_service::{Parts, Service, Shutdown, flags};

use engine::Engine;
use metrics::{METRICS, Metrics};

/// The command-line options of the stream-processor.
#[derive(clap::Args, Debug, Clone)]
pub struct Config {
    /// The Kafka that it reads and writes.
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// Its membership of the consumer group.
    #[command(flatten)]
    pub membership: GroupArgs,
    /// Consumer group: its members share the partitions
    #[arg(long, env = "GROUP", default_value = "stream-processor",
          value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub group: String,
    /// Rules file (YAML); defaults to the built-in rules
    #[arg(long, env = "RULES", value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Maximum number of live groups, shared equally among the partitions; groups beyond a partition's share are
    /// evaluated together, without traffic rules
    #[arg(long, env = "MAX_GROUPS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_groups: u32,
    /// Time after which a group without events is removed, such as 1h or 90m
    #[arg(long, env = "GROUP_TTL", default_value = "1h", value_parser = flags::duration)]
    pub group_ttl: Duration,
}

/// The stream-processor, ready to run.
pub struct StreamProcessor(Engine);

impl Service for StreamProcessor {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::STREAM_PROCESSOR;
    const METRICS: &'static [Family] = METRICS;
    type Config = Config;

    fn check(config: &Config) -> anyhow::Result<()> {
        Ok(config.kafka.check()?)
    }

    fn build(mut config: Config, parts: &mut Parts) -> anyhow::Result<Self> {
        config.kafka.failure = parts.failure.clone();
        let rules = match &config.rules {
            None => Rules::builtin(),
            Some(file) => {
                let yaml = std::fs::read_to_string(file).with_context(|| format!("--rules {}", file.display()))?;
                Rules::parse(&yaml).with_context(|| format!("--rules {}", file.display()))?
            }
        };
        let limits = Limits { max_groups: config.max_groups as usize, group_ttl: config.group_ttl };
        let metrics = Metrics::register(&parts.registry, &rules)?;
        let (questions, asked) = std::sync::mpsc::channel();
        parts.serve_on_admin(status::routes(questions));
        let engine = Engine::new(config, Arc::new(rules), limits, parts.health.clone(), metrics, asked)?;
        engine.export_reachable(&parts.registry)?;
        Ok(Self(engine))
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self(engine) = self;
        let runtime = tokio::runtime::Handle::current();
        let evaluation = tokio::task::spawn_blocking(move || engine.run(&runtime, &shutdown)).await;
        evaluation.context("the evaluation thread panicked")?
    }
}
