//! The command-line flags and the service's lifecycle.
use crate::{
    history::History,
    metrics::{METRICS, Metrics},
    routes::{App, routes},
};
use axum::{Router, routing::get};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tidewatch_service::{Parts, Service, Shutdown, metrics::Family};

/// Flags of mock-slack.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Directory for the history; without one it is lost when the process ends
    #[arg(long, env)]
    pub data_dir: Option<PathBuf>,
}

/// mock-slack. All of its work is to answer requests.
#[derive(Debug)]
pub struct MockSlack;

impl Service for MockSlack {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::MOCK_SLACK;
    const METRICS: &'static [Family] = METRICS;
    const LISTEN_HELP: &'static str = "Address of the webhooks, the API and the page";
    type Config = Config;

    fn build(config: Config, parts: &mut Parts) -> anyhow::Result<Self> {
        let history = History::open(config.data_dir.as_deref())?;
        let metrics = Metrics::new(&parts.registry)?;
        let keeps = parts.health.require("history");
        keeps.met();
        parts.serve_on_admin(Router::new().route("/health", get(async || "live\n")));
        parts.serve_on_page(routes(App { history: Arc::new(Mutex::new(history)), metrics, keeps }));
        Ok(Self)
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        shutdown.triggered().await;
        Ok(())
    }
}
