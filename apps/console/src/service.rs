//! The command-line flags and the service's lifecycle.

use std::sync::Arc;

use prometheus::Registry;
use tidewatch_client::HttpUrl;
use tidewatch_kafka::KafkaArgs;
use tidewatch_service::metrics::Family;
use tidewatch_service::{Parts, Service, Shutdown};

use crate::metrics::{METRICS, Metrics};
use crate::peers::Peer;
use crate::server::{Live, routes};
use crate::sources::Shared;
use crate::sources::peers::Peers;
use crate::sources::stream::Stream;
use crate::state::State;

/// Flags of the console.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
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
}

/// The console, ready to run.
pub struct Console {
    stream: Stream,
    live: Arc<Live>,
    state: Shared,
    registry: Registry,
    peers: Peers,
}

impl Service for Console {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::CONSOLE;
    const METRICS: &'static [Family] = METRICS;
    type Config = Config;

    fn check(config: &Config) -> anyhow::Result<()> {
        Ok(config.kafka.check()?)
    }

    fn build(mut config: Config, parts: &mut Parts) -> anyhow::Result<Self> {
        config.kafka.failure = parts.failure.clone();
        let registry = parts.registry.clone();
        let metrics = Metrics::new(&registry)?;
        let reached = parts.health.require("kafka");
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
        parts.serve_on_page(routes(Arc::clone(&live)));
        Ok(Self { stream, live, state, registry, peers })
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { stream, live, state, registry, peers } = self;
        tokio::join!(peers.run(&state, &registry, &shutdown), stream.run(&shutdown), live.run(&shutdown));
        Ok(())
    }
}
