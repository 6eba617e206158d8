//! Brokers for tests: each test has its own, which stops with it.

use tempfile::TempDir;
use tidewatch_kafka::broker::InProcess;
use tidewatch_kafka::{KafkaArgs, topics};
use tidewatch_servers::kafka::{Installation, RealKafka};
use tidewatch_servers::process::Port;

use crate::skipped;

/// Returns the Kafka on this machine. If none is installed, reports `test` as skipped.
pub fn kafka(test: &str) -> Option<Installation> {
    RealKafka::discover().inspect_err(|missing| skipped(test, format_args!("needs kafka: {missing}"))).ok()
}

/// Starts the in-process broker and, if one is installed, a real Kafka. If none is, reports that part of `test` as
/// skipped.
pub async fn brokers(test: &str) -> Vec<Broker> {
    let real = Broker::real(&format!("{test} on a real Kafka")).await;
    std::iter::once(Broker::in_process()).chain(real).collect()
}

/// A running broker with every topic. It stops when dropped.
pub struct Broker {
    args: KafkaArgs,
    kafka: Option<RealKafka>,
    _in_process: Option<InProcess>,
    /// Dropped after the broker that writes to it.
    _dir: Option<TempDir>,
}

impl Broker {
    /// Starts librdkafka's in-process broker.
    pub fn in_process() -> Self {
        let broker = InProcess::start().unwrap();
        Self { args: KafkaArgs::new(broker.brokers()), kafka: None, _in_process: Some(broker), _dir: None }
    }

    /// Starts a real Kafka on a free port with its own data. If none is installed, reports `test` as skipped.
    pub async fn real(test: &str) -> Option<Self> {
        let installation = kafka(test)?;
        let dir = tempfile::tempdir().unwrap();
        let broker = RealKafka::start(&installation, dir.path(), Port::Free).await.unwrap();
        let args = KafkaArgs::new(broker.brokers());
        topics::ensure(&args).await.unwrap();
        Some(Self { args, kafka: Some(broker), _in_process: None, _dir: Some(dir) })
    }

    /// Returns the arguments of its clients.
    pub fn args(&self) -> &KafkaArgs {
        &self.args
    }

    /// Returns the real Kafka, to kill and restart it, or `None` if the broker is in-process.
    pub fn kafka(&mut self) -> Option<&mut RealKafka> {
        self.kafka.as_mut()
    }
}
