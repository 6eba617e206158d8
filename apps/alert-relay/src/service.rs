//! Flags and lifecycle of the service.
use crate::{
    delivery::receivers,
    metrics::{METRICS, Metrics},
    run::Relay,
};
use anyhow::bail;
use tidewatch_client::HttpUrl;
use tidewatch_kafka::{KafkaArgs, Reader};
use tidewatch_service::{Parts, Service, Shutdown, metrics::Family};

/// The consumer group under which positions in `alerts.fired` are committed.
const GROUP: &str = "alert-relay";

/// Flags of alert-relay.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// The Kafka that alerts are read from.
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// Alertmanager to notify, repeatable: all are notified, one that accepts is enough; comma-separated in the
    /// environment
    #[arg(long, env, value_name = "URL", value_delimiter = ',', hide_env_values = true)]
    pub alertmanager: Vec<HttpUrl>,
    /// Webhook to notify in Alertmanager's format v4, repeatable: each is notified until it accepts; comma-separated in
    /// the environment
    #[arg(long, env, value_name = "URL", value_delimiter = ',', hide_env_values = true)]
    pub webhook: Vec<HttpUrl>,
}

/// The alert-relay, ready to run.
pub struct AlertRelay(Relay);

impl Service for AlertRelay {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::ALERT_RELAY;
    const METRICS: &'static [Family] = METRICS;
    type Config = Config;

    fn check(config: &Config) -> anyhow::Result<()> {
        config.kafka.check()?;
        if config.alertmanager.is_empty() && config.webhook.is_empty() {
            bail!("--alertmanager and --webhook: no receiver given, such as --alertmanager http://127.0.0.1:9093");
        }
        Ok(())
    }

    fn build(mut config: Config, parts: &mut Parts) -> anyhow::Result<Self> {
        config.kafka.failure = parts.failure.clone();
        let metrics = Metrics::new(&parts.registry)?;
        let reader = Reader::with_group(&config.kafka, Self::NAME, GROUP)?;
        reader.export_reachable(&parts.registry)?;
        Ok(Self(Relay {
            receivers: receivers(&config.alertmanager, &config.webhook, &metrics)?,
            kafka: parts.health.require("kafka"),
            delivery: parts.health.require("delivery"),
            reader,
            metrics,
        }))
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self(relay) = self;
        let receivers = relay.receivers.iter().map(|receiver| receiver.name()).collect::<Vec<_>>().join(" ");
        tracing::info!(receivers, "relaying alerts");
        relay.run(shutdown).await
    }
}
