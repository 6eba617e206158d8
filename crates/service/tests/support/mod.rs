//! A service that serves the routes that a test gives it.
#![allow(dead_code, reason = "each test file is a crate of its own and uses its part of this")]
use std::{fmt, net::SocketAddr};
use tidewatch_platform as platform;
use tidewatch_service::{Bound, ListenArgs, Parts, Service, Shutdown, metrics::Family};
use tokio::task::JoinHandle;

type Setup = Box<dyn FnOnce(&mut Parts) + Send>;

#[derive(clap::Args)]
pub(crate) struct Config {
    #[arg(skip)]
    setup: Option<Setup>,
    #[arg(skip)]
    drained: Shutdown,
}

impl fmt::Debug for Config {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Config")
    }
}

/// Works until the shutdown, and drains until `drained` triggers.
struct Sample {
    drained: Shutdown,
}

impl Service for Sample {
    const ENTRY: platform::Service = platform::Service { name: "a-service", ..platform::CONSOLE };
    const METRICS: &'static [Family] = &[];
    type Config = Config;

    fn build(config: Config, parts: &mut Parts) -> anyhow::Result<Self> {
        if let Some(setup) = config.setup {
            setup(parts);
        }
        Ok(Self { drained: config.drained })
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        shutdown.triggered().await;
        self.drained.triggered().await;
        Ok(())
    }
}

/// A running service.
pub(crate) struct Running {
    pub(crate) admin: SocketAddr,
    pub(crate) page: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) drained: Shutdown,
    pub(crate) work: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    /// Starts a service on free ports of loopback, which `setup` prepares.
    pub(crate) async fn start(setup: impl FnOnce(&mut Parts) + Send + 'static) -> Self {
        Self::listening(&ListenArgs::on_free_ports(Sample::ENTRY), setup).await
    }

    /// Starts a service with these listeners.
    pub(crate) async fn listening(listen: &ListenArgs, setup: impl FnOnce(&mut Parts) + Send + 'static) -> Self {
        let (shutdown, drained) = (Shutdown::new(), Shutdown::new());
        let config = Config { setup: Some(Box::new(setup)), drained: drained.clone() };
        let bound = Bound::<Sample>::new(config, listen).await.unwrap();
        let (admin, page) = (bound.admin_addr(), bound.page_addr().unwrap());
        let work = tokio::spawn(bound.run(shutdown.clone()));
        Self { admin, page, shutdown, drained, work }
    }

    /// Returns the URL of a path of the admin listener.
    pub(crate) fn admin_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.admin)
    }
}

/// Returns the listeners of a service: free ports of `address`, for these hosts.
pub(crate) fn listen(address: [u8; 4], hosts: &[&str]) -> ListenArgs {
    let allowed_host = hosts.iter().map(|host| host.parse().unwrap()).collect();
    let admin_listen = (address, 0).into();
    ListenArgs { admin_listen, allowed_host, ..ListenArgs::on_free_ports(Sample::ENTRY) }
}
