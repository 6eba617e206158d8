//! The facts on which a server's configuration depends.
use std::time::Duration;

use tidewatch_platform::Server;

use crate::prometheus::Target;
use crate::{File, local};

/// Servers that run together, each with its port on 127.0.0.1.
#[derive(Clone, Debug, Default)]
pub struct Peers(Vec<(Server, u16)>);

impl Peers {
    /// Returns the port of the server with this name, if it is one of them.
    #[must_use]
    pub fn port(&self, name: &str) -> Option<u16> {
        self.iter().find(|(server, _)| server.name == name).map(|(_, port)| port)
    }

    /// Returns the URL of the server with this name, if it is one of them.
    #[must_use]
    pub fn url(&self, name: &str) -> Option<String> {
        Some(format!("http://{}", local(self.port(name)?)))
    }

    /// Returns all of them.
    pub fn iter(&self) -> impl Iterator<Item = (Server, u16)> {
        self.0.iter().copied()
    }
}

impl FromIterator<(Server, u16)> for Peers {
    fn from_iter<I: IntoIterator<Item = (Server, u16)>>(servers: I) -> Peers {
        Peers(servers.into_iter().collect())
    }
}

/// The facts on which the configuration of a [`Backend`](crate::Backend) may depend.
#[derive(Clone, Debug)]
pub struct Wiring {
    /// All servers that are started together, including this one.
    pub servers: Peers,
    /// The admin listeners of the services.
    pub services: Vec<Target>,
    /// The URL that receives notifications in the format of Alertmanager's webhooks.
    pub webhook: String,
    /// The interval of scrapes, in whole milliseconds.
    pub scrape_interval: Duration,
    /// Prometheus's rule files.
    pub rules: Vec<File>,
    /// The JSON of Grafana's dashboards; the first one is the home page.
    pub dashboards: Vec<File>,
}
