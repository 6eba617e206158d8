//! The command-line flags and the service's lifecycle.

use std::net::SocketAddr;
use std::sync::Arc;

use prometheus::Registry;
use tidewatch_client::HttpUrl;
use tidewatch_kafka::KafkaArgs;
use tidewatch_service::{Admin, AdminArgs, Listener, Parts, Service, Shutdown};

use crate::metrics::Metrics;
use crate::peers::Peer;
use crate::server::{Live, routes};
use crate::sources::Shared;
use crate::sources::peers::Peers;
use crate::sources::stream::Stream;
use crate::state::State;

/// Flags of the console.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Address of the page
    #[arg(long, env, default_value_t = tidewatch_platform::CONSOLE_PAGE.on_loopback())]
    pub listen: SocketAddr,
    /// Admin URL of the stream-processor, for rule states, lag and totals
    #[arg(long, env, value_name = "URL", hide_env_values = true)]
    pub processor: Option<HttpUrl>,
    /// URL of the workload-simulator, for injected faults
    #[arg(long, env, value_name = "URL", hide_env_values = true)]
    pub simulator: Option<HttpUrl>,
    /// URL of mock-slack, for notifications
    #[arg(long, env, value_name = "URL", hide_env_values = true)]
    pub mock_slack: Option<HttpUrl>,
    /// The brokers.
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// The admin listener.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// The service, bound and ready to run.
pub struct Console {
    listener: Listener,
    admin: Admin,
    stream: Stream,
    live: Arc<Live>,
    state: Shared,
    registry: Registry,
    peers: Peers,
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
            processor: config.processor.as_ref().map(|url| Peer::new(url.to_string())),
            simulator: config.simulator.as_ref().map(|url| Peer::new(url.to_string())),
            slack: config.mock_slack.as_ref().map(|url| Peer::new(url.to_string())),
            ..State::default()
        });
        let stream = Stream::new(&config.kafka, state.clone(), metrics.clone(), reached)?;
        stream.export_reachable(&registry)?;
        let live = Arc::new(Live::new(state.clone(), metrics));
        let peers = Peers::new(&config)?;
        let listener = Listener::bind("--listen", config.listen, &config.admin.allowed_host).await?;
        Ok(Self { listener, admin, stream, live, state, registry, peers })
    }

    fn page_addr(&self) -> Option<SocketAddr> {
        Some(self.addr())
    }

    fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { listener, admin, stream, live, state, registry, peers } = self;
        tracing::info!(address = %listener.addr(), admin = %admin.addr(), "serving the page");
        let follow = async {
            let shutdown = &shutdown;
            tokio::join!(peers.run(&state, &registry, shutdown), stream.run(shutdown), live.run(shutdown))
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
