//! The command-line flags and the service's lifecycle.

use std::net::SocketAddr;
use std::sync::Arc;

use prometheus::Registry;
use reqwest::Url;
use tidewatch_kafka::KafkaArgs;
use tidewatch_service::{Admin, AdminArgs, Listener, Parts, Service, Shutdown};

use crate::alerts::NOTIFICATIONS;
use crate::metrics::Metrics;
use crate::peers::Peer;
use crate::server::{Live, routes};
use crate::sources::Shared;
use crate::sources::peers::{client, follow, measure};
use crate::sources::stream::Stream;
use crate::state::State;

/// Flags of the console.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Address of the page
    #[arg(long, env, default_value_t = tidewatch_platform::CONSOLE_PAGE.on_loopback())]
    pub listen: SocketAddr,
    /// Admin URL of the stream-processor, for rule states, lag and totals
    #[arg(long, env, value_name = "URL", value_parser = base_url, hide_env_values = true)]
    pub processor: Option<Url>,
    /// URL of the workload-simulator, for injected faults
    #[arg(long, env, value_name = "URL", value_parser = base_url, hide_env_values = true)]
    pub simulator: Option<Url>,
    /// URL of mock-slack, for notifications
    #[arg(long, env, value_name = "URL", value_parser = base_url, hide_env_values = true)]
    pub mock_slack: Option<Url>,
    /// The brokers.
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// The admin listener.
    #[command(flatten)]
    pub admin: AdminArgs,
}

fn base_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err("expected a URL such as http://127.0.0.1:8083".to_owned()),
    }
}

/// The service, bound and ready to run.
pub struct Console {
    listener: Listener,
    admin: Admin,
    stream: Stream,
    live: Arc<Live>,
    state: Shared,
    registry: Registry,
    client: reqwest::Client,
    config: Config,
}

impl Console {
    /// Returns the address of the page.
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }
}

impl Service for Console {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::CONSOLE;
    const ABOUT: &'static str = "Serves the live page: golden signals, alerts, injected faults, dead letters and lag";
    type Config = Config;

    fn admin_args(config: &Config) -> &AdminArgs {
        &config.admin
    }

    fn check(config: &Config) -> anyhow::Result<()> {
        Ok(config.kafka.check()?)
    }

    async fn build(config: Config, parts: Parts) -> anyhow::Result<Self> {
        let Parts { registry, health, admin } = parts;
        let metrics = Metrics::new(&registry)?;
        let reached = health.require("kafka");
        let state = Shared::new(State {
            brokers: config.kafka.brokers.clone(),
            processor: config.processor.as_ref().map(|url| Peer::new(shown(url))),
            simulator: config.simulator.as_ref().map(|url| Peer::new(shown(url))),
            slack: config.mock_slack.as_ref().map(|url| Peer::new(shown(url))),
            ..State::default()
        });
        let stream = Stream::new(&config.kafka, state.clone(), metrics.clone(), reached)?;
        stream.export_reachable(&registry)?;
        let live = Arc::new(Live::new(state.clone(), metrics));
        let client = client([&config.processor, &config.simulator, &config.mock_slack].into_iter().flatten())?;
        let listener = Listener::bind("--listen", config.listen, &config.admin.allowed_host).await?;
        Ok(Self { listener, admin, stream, live, state, registry, client, config })
    }

    fn page_addr(&self) -> Option<SocketAddr> {
        Some(self.addr())
    }

    fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { listener, admin, stream, live, state, registry, client, config } = self;
        tracing::info!(address = %listener.addr(), admin = %admin.addr(), "serving the page");
        let told = format!("api/alerts?limit={NOTIFICATIONS}");
        let follow = async {
            let (client, state) = (&client, &state);
            let shutdown = &shutdown;
            tokio::join!(
                follow(client, &config.processor, "status", state, |state| &mut state.processor, shutdown),
                follow(client, &config.simulator, "faults", state, |state| &mut state.simulator, shutdown),
                follow(client, &config.mock_slack, &told, state, |state| &mut state.slack, shutdown),
                measure(client, &registry, &config.processor, state, shutdown),
                stream.run(shutdown),
                live.run(shutdown),
            )
        };
        let serve = listener.serve(routes(Arc::clone(&live)), shutdown.clone());
        let admin = admin.serve(shutdown.clone());
        tokio::try_join!(serve, admin, async {
            follow.await;
            Ok(())
        })?;
        Ok(())
    }
}

/// Returns the URL as shown on the page: only its origin, since the rest may contain secrets.
fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_by_a_web_url() {
        for bad in ["127.0.0.1:8083", "ftp://host", "http://", "simulator"] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
        let url = base_url("http://user:secret@host:8083/under/").unwrap();
        assert_eq!(shown(&url), "http://host:8083");
    }
}
