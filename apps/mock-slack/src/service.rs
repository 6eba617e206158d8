//! The command-line flags and the service's lifecycle.
use crate::{
    history::History,
    metrics::Metrics,
    routes::{App, routes},
};
use axum::{Router, routing::get};
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tidewatch_service::{Admin, AdminArgs, Listener, Parts, Service, Shutdown};

/// Flags of mock-slack.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Address of the webhooks, the API and the page
    #[arg(long, env, default_value_t = tidewatch_platform::MOCK_SLACK_PAGE.on_loopback())]
    pub listen: SocketAddr,
    /// Directory for the history; without one it is lost when the process ends
    #[arg(long, env)]
    pub data_dir: Option<PathBuf>,
    /// The admin listener.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// The service, bound and ready to run.
#[derive(Debug)]
pub struct MockSlack {
    listener: Listener,
    routes: Router,
    admin: Admin,
}

impl MockSlack {
    /// Returns the address of the webhooks, the API and the page.
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }
}

impl Service for MockSlack {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::MOCK_SLACK;
    const ABOUT: &'static str = "Receives Alertmanager and Slack webhooks and shows the notifications";
    type Config = Config;

    fn admin_args(config: &Config) -> &AdminArgs {
        &config.admin
    }

    async fn build(config: Config, parts: Parts) -> anyhow::Result<Self> {
        let Parts { registry, health, admin } = parts;
        let history = History::open(config.data_dir.as_deref())?;
        let metrics = Metrics::new(&registry)?;
        let keeps = health.require("history");
        keeps.met();
        let listener = Listener::bind("--listen", config.listen, &config.admin.allowed_host).await?;
        let admin = admin.merge(Router::new().route("/health", get(async || "live\n")));
        let routes = routes(App { history: Arc::new(Mutex::new(history)), metrics, keeps });
        Ok(Self { listener, routes, admin })
    }

    fn page_addr(&self) -> Option<SocketAddr> {
        Some(self.addr())
    }

    fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        tracing::info!(address = %self.addr(), admin = %self.admin_addr(), "receiving webhooks");
        tokio::try_join!(self.listener.serve(self.routes, shutdown.clone()), self.admin.serve(shutdown))?;
        Ok(())
    }
}
