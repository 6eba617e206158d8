//! Flags and lifecycle of the service.
use crate::{delivery::receivers, metrics::Metrics, run::Relay};
use anyhow::bail;
use std::net::SocketAddr;
use tidewatch_client::HttpUrl;
use tidewatch_kafka::{KafkaArgs, Reader};
use tidewatch_service::{Admin, AdminArgs, Parts, Service, Shutdown};

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
    /// The admin listener.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// The service, bound to its listener and ready to run.
pub struct AlertRelay {
    relay: Relay,
    admin: Admin,
}

impl Service for AlertRelay {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::ALERT_RELAY;
    const ABOUT: &'static str = "Notifies Alertmanager or a webhook of every alert in alerts.fired";
    type Config = Config;

    fn admin_args(config: &Config) -> &AdminArgs {
        &config.admin
    }

    fn check(config: &Config) -> anyhow::Result<()> {
        config.kafka.check()?;
        if config.alertmanager.is_empty() && config.webhook.is_empty() {
            bail!("--alertmanager and --webhook: no receiver given, such as --alertmanager http://127.0.0.1:9093");
        }
        Ok(())
    }

    async fn build(config: Config, parts: Parts) -> anyhow::Result<Self> {
        let Parts { registry, health, admin } = parts;
        let metrics = Metrics::new(&registry)?;
        let reader = Reader::with_group(&config.kafka, Self::NAME, GROUP)?;
        reader.export_reachable(&registry)?;
        let relay = Relay {
            receivers: receivers(&config.alertmanager, &config.webhook, &metrics)?,
            kafka: health.require("kafka"),
            delivery: health.require("delivery"),
            reader,
            metrics,
        };
        Ok(Self { relay, admin })
    }

    fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        tracing::info!(
            receivers = self.relay.receivers.iter().map(|receiver| receiver.name()).collect::<Vec<_>>().join(" "),
            admin = %self.admin_addr(),
            "relaying alerts"
        );
        tokio::try_join!(self.relay.run(shutdown.clone()), self.admin.serve(shutdown))?;
        Ok(())
    }
}
