//! The broker that `up` uses: one that is already running, a real Kafka started here, or one inside this process.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tidewatch_kafka::broker::InProcess;
use tidewatch_kafka::{KafkaArgs, topics};
use tidewatch_platform::KAFKA;
use tidewatch_servers::kafka::RealKafka;
use tokio::time::sleep;

use super::IN_PROCESS_RATE;
use super::ports::Ports;
use crate::exit::usage;
use crate::say::say;

/// Interval between checks of the process.
const WATCH: Duration = Duration::from_millis(500);

/// Which broker to start.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Apache Kafka if one is found, otherwise in-process
    Auto,
    /// Apache Kafka, or an error
    Kafka,
    /// The in-process broker, which keeps nothing
    InProcess,
}

/// A broker on which every topic exists.
pub(super) struct Broker {
    args: KafkaArgs,
    why: String,
    running: Running,
}

enum Running {
    External,
    Kafka(Box<RealKafka>),
    InProcess(InProcess),
}

impl Broker {
    /// Uses a broker that is already running, and creates the topics it lacks.
    pub(super) async fn external(args: KafkaArgs) -> anyhow::Result<Self> {
        crate::topics::ensure(&args).await?;
        Ok(Self { why: format!("{}, given by --brokers", args.brokers), args, running: Running::External })
    }

    /// Starts a broker. Its data, if it keeps any, is below `dir`.
    pub(super) async fn start(wanted: Wanted, total_rate: f64, dir: &Path, ports: Ports) -> anyhow::Result<Self> {
        let missing = match wanted {
            Wanted::InProcess => "chosen by --broker in-process".to_owned(),
            Wanted::Auto | Wanted::Kafka => match RealKafka::discover() {
                Ok(installation) => {
                    ports.check_kafka()?;
                    say!("starting {installation}");
                    let kafka =
                        RealKafka::start(&installation, &dir.join(KAFKA.name), ports.kafka()).await.with_context(
                            || format!("{} did not start; `--broker in-process` runs without it", KAFKA.title),
                        )?;
                    let args = KafkaArgs::new(kafka.brokers());
                    topics::ensure(&args).await.context("can't create the topics")?;
                    let why = format!("{installation}, at {}", args.brokers);
                    return Ok(Self { args, why, running: Running::Kafka(Box::new(kafka)) });
                }
                Err(missing) if wanted == Wanted::Kafka => return Err(usage(format!("--broker kafka: {missing}"))),
                Err(missing) => missing.to_string(),
            },
        };
        if total_rate > IN_PROCESS_RATE {
            return Err(usage(format!(
                "--events-per-second: a total of {total_rate} events/s is too much for the in-process broker, which \
                 takes up to {IN_PROCESS_RATE} ({missing}); use your own brokers with --brokers, or install {kafka}: \
                 set KAFKA_HOME, put it on PATH or run tests/setup",
                kafka = KAFKA.title,
            )));
        }
        let broker = InProcess::start()?;
        let why = format!("in-process, at {} ({missing})", broker.brokers());
        Ok(Self { args: KafkaArgs::new(broker.brokers()), why, running: Running::InProcess(broker) })
    }

    /// Returns how clients reach it.
    pub(super) fn args(&self) -> &KafkaArgs {
        &self.args
    }

    /// Returns a description of the broker with the reason for choosing it.
    pub(super) fn why(&self) -> &str {
        &self.why
    }

    /// Returns its kind, as endpoints.json names it.
    pub(super) fn kind(&self) -> &'static str {
        match self.running {
            Running::External => "external",
            Running::Kafka(_) => "kafka",
            Running::InProcess(_) => "in-process",
        }
    }

    /// Waits until the Kafka that was started here exits, and returns an error with its status.
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        let Running::Kafka(kafka) = &mut self.running else { return std::future::pending().await };
        loop {
            if let Some(status) = kafka.exited() {
                return anyhow!("{} ended ({status}): see {}", KAFKA.title, kafka.log().display());
            }
            sleep(WATCH).await;
        }
    }

    /// Stops the broker if it was started here.
    pub(super) async fn stop(self) {
        match self.running {
            Running::Kafka(kafka) => kafka.stop().await,
            Running::InProcess(broker) => drop(broker),
            Running::External => {}
        }
    }
}
