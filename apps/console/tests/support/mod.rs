//! A real console on an in-process broker, with a feeder in place of services and fakes in place of its peers.
#![allow(dead_code)]

pub(crate) mod feeder;
mod peers;

use std::net::SocketAddr;
use std::time::Duration;

use console::{Config, Console};
use tidewatch_kafka::{KafkaArgs, Producer};
use tidewatch_service::{AdminArgs, Service, Shutdown};
use tidewatch_testkit::Broker;
use tokio::task::JoinHandle;

pub(crate) use peers::Fakes;

pub(crate) const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Returns the configuration of a console on free ports, without peers.
pub(crate) fn config(kafka: KafkaArgs) -> Config {
    let admin = AdminArgs::at(LOCAL);
    Config { listen: LOCAL, processor: None, simulator: None, mock_slack: None, kafka, admin }
}

/// A console that runs until it is dropped.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) admin: String,
    pub(crate) shutdown: Shutdown,
    pub(crate) work: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub(crate) async fn start(config: Config) -> Self {
        let console = Console::bind(config).await.unwrap();
        let (url, admin) = (format!("http://{}", console.addr()), format!("http://{}", console.admin_addr()));
        let shutdown = Shutdown::new();
        let work = tokio::spawn(console.run(shutdown.clone()));
        Self { url, admin, shutdown, work }
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        reqwest::get(format!("{}{path}", self.url)).await.unwrap()
    }

    pub(crate) async fn page(&self) -> String {
        self.get("/").await.text().await.unwrap()
    }

    pub(crate) async fn status(&self) -> serde_json::Value {
        self.get("/api/status").await.json().await.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// A broker, fakes, a feeder and a console: everything that a browser test needs.
pub(crate) struct Scene {
    pub(crate) console: Running,
    pub(crate) fakes: Fakes,
    feeder: JoinHandle<()>,
    _broker: Broker,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let broker = Broker::in_process();
        let fakes = Fakes::start().await;
        let producer = Producer::new(broker.args(), "feeder").unwrap();
        let feeder = tokio::spawn(feeder::feed(producer, fakes.clone()));
        let url = || Some(fakes.url.parse().unwrap());
        let config = Config { processor: url(), simulator: url(), mock_slack: url(), ..config(broker.args().clone()) };
        Self { console: Running::start(config).await, fakes, feeder, _broker: broker }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.feeder.abort();
    }
}

pub(crate) const SOON: Duration = Duration::from_secs(30);
