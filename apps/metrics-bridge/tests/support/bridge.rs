//! A bridge that runs within a test, as a process of its own would.
#![allow(dead_code, reason = "each test file is a crate of its own and uses its part of this")]

use std::net::SocketAddr;

use metrics_bridge::{Bridge, Config};
use tidewatch_kafka::KafkaArgs;
use tidewatch_service::{AdminArgs, Service, Shutdown};
use tokio::task::JoinHandle;

/// Most series that it takes up.
pub(crate) const MOST_SERIES: u32 = 20_000;

/// A running bridge.
pub(crate) struct Running {
    pub(crate) admin: SocketAddr,
    pub(crate) client: reqwest::Client,
    pub(crate) work: JoinHandle<anyhow::Result<()>>,
    shutdown: Shutdown,
}

impl Running {
    /// Starts one for scrapes every second.
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

    /// Status and body of a GET of its admin listener.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let response = self.client.get(format!("http://{}{path}", self.admin)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// As kill -9 leaves it: nothing is drained, saved or said.
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
