//! A real console on an in-process broker, with a feeder in place of services and fakes in place of its peers.
#![allow(dead_code)]

pub(crate) mod feeder;
mod peers;

use std::time::Duration;

use console::{Config, Console};
use tidewatch_kafka::{KafkaArgs, Producer};
use tidewatch_testkit::{Broker, RunningService};
use tokio::task::JoinHandle;

pub(crate) use peers::Fakes;

/// Returns the configuration of a console without peers.
pub(crate) fn config(kafka: KafkaArgs) -> Config {
    Config { processor: None, simulator: None, mock_slack: None, kafka }
}

/// Starts a console.
pub(crate) async fn start(config: Config) -> RunningService {
    RunningService::start::<Console>(config).await
}

/// Returns the page of a console.
pub(crate) async fn page(console: &RunningService) -> String {
    console.get("/").await.text().await.unwrap()
}

/// Returns what a console answers at `/api/status`.
pub(crate) async fn status(console: &RunningService) -> serde_json::Value {
    console.get("/api/status").await.json().await.unwrap()
}

/// A broker, fakes, a feeder and a console: everything that a browser test needs.
pub(crate) struct Scene {
    pub(crate) console: RunningService,
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
        Self { console: start(config).await, fakes, feeder, _broker: broker }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.feeder.abort();
    }
}

pub(crate) const SOON: Duration = Duration::from_secs(30);
