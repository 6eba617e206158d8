//! A simulator of the services that Tidewatch watches, with faults injected in known ways at known times.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod config;
mod deliveries;
mod driver;
mod metrics;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tidewatch_kafka::Producer;
use tidewatch_service::{Admin, AdminArgs, Health, Listener, Parts, Service, Shutdown};
use tidewatch_workload::{FaultBook, Generator, Workload};

pub use config::{Config, rate, share};
pub use metrics::METRICS;

use crate::driver::Driver;
use crate::metrics::Metrics;

/// How long an event waits to be batched with others. At the default rate a partition gets a record every 50 ms; 150 ms
/// is negligible compared with the window, and cuts the number of batches to a third.
const LINGER: Duration = Duration::from_millis(150);

/// The workload simulator, bound but not yet running.
pub struct Simulator {
    workload: Workload,
    seed: u64,
    producer: Producer,
    health: Health,
    metrics: Metrics,
    admin: Admin,
    listener: Listener,
}

impl Simulator {
    /// Returns the address at which faults are injected.
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }
}

impl Service for Simulator {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::WORKLOAD_SIMULATOR;
    const ABOUT: &'static str = "Simulates four services in three regions, which can be broken at run time over HTTP";
    type Config = Config;

    fn admin_args(config: &Config) -> &AdminArgs {
        &config.admin
    }

    fn check(config: &Config) -> anyhow::Result<()> {
        Ok(config.kafka.check()?)
    }

    async fn build(config: Config, parts: Parts) -> anyhow::Result<Self> {
        let Parts { registry, health, admin } = parts;
        let workload = config.workload();
        let metrics = Metrics::register(&registry, &workload)?;
        let listener = Listener::bind("--listen", config.listen, &config.admin.allowed_host).await?;
        let producer = Producer::with_linger(&config.kafka, Self::NAME, LINGER).context("--brokers")?;
        producer.export_reachable(&registry)?;
        let seed = config.seed.unwrap_or_else(rand::random);
        Ok(Self { workload, seed, producer, health, metrics, admin, listener })
    }

    fn page_addr(&self) -> Option<SocketAddr> {
        Some(self.addr())
    }

    fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        tracing::info!(seed = self.seed, faults = %self.addr(), "simulating the workload");
        let faults = Arc::new(Mutex::new(FaultBook::new()));
        let api = api::router(self.workload.clone(), Arc::clone(&faults), self.metrics.clone());
        let generator = Generator::new(self.workload, self.seed, Timestamp::now());
        let driver = Driver::new(generator, faults, self.producer, self.metrics, &self.health);
        tokio::try_join!(
            driver.run(shutdown.clone()),
            self.listener.serve(api, shutdown.clone()),
            self.admin.serve(shutdown.clone()),
        )?;
        Ok(())
    }
}
