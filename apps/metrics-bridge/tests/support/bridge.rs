//! A bridge that runs within the test, in the same way as in its own process.
#![allow(dead_code, reason = "each test file is a crate of its own and uses its part of this")]

use std::net::SocketAddr;

use metrics_bridge::{Bridge, Config};
use tidewatch_kafka::KafkaArgs;
use tidewatch_service::{AdminArgs, Service, Shutdown};
use tokio::task::JoinHandle;

/// The limit on its series.
pub(crate) const MOST_SERIES: u32 = 20_000;

/// A running bridge.
pub(crate) struct Running {
    pub(crate) admin: SocketAddr,
    pub(crate) client: reqwest::Client,
    pub(crate) work: JoinHandle<anyhow::Result<()>>,
    shutdown: Shutdown,
}

impl Running {
    /// Starts a bridge for scrapes every second.
    pub(crate) async fn start(kafka: &KafkaArgs) -> Self {
        let config = Config {
            kafka: kafka.clone(),
            admin: AdminArgs::at(([127, 0, 0, 1], 0)),
            max_series: MOST_SERIES,
            scrape_interval: 1,
        };
        let bridge = Bridge::bind(config).await.unwrap();
        let (admin, shutdown) = (bridge.admin_addr(), Shutdown::new());
        let work = tokio::spawn(bridge.run(shutdown.clone()));
        Self { admin, client: reqwest::Client::new(), work, shutdown }
    }

    /// Sends a GET to the admin listener, and returns status and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let response = self.client.get(format!("http://{}{path}", self.admin)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Ends it as `kill -9` does: nothing is drained, saved or logged.
    pub(crate) async fn kill(self) {
        self.work.abort();
        assert!(self.work.await.unwrap_err().is_cancelled());
    }

    /// Ends it as SIGTERM does.
    pub(crate) async fn end(self) {
        self.shutdown.trigger();
        self.work.await.unwrap().unwrap();
    }
}
