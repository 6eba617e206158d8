//! A simulator of the services that Tidewatch watches, with faults injected in known ways at known times.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod config;
mod deliveries;
mod driver;
mod metrics;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tidewatch_contract::http::simulator::Service as Simulated;
use tidewatch_kafka::Producer;
use tidewatch_sample::fault_api;
use tidewatch_service::metrics::Family;
use tidewatch_service::{Health, Parts, Service, Shutdown};
use tidewatch_workload::{FaultBook, FaultKind, Generator, ServiceProfile, Workload};

pub use config::{Config, rate, share};

use crate::driver::Driver;
use crate::metrics::{METRICS, Metrics};

/// How long an event waits to be batched with others. At the default rate a partition gets a record every 50 ms; 150 ms
/// is negligible compared with the window, and cuts the number of batches to a third.
const LINGER: Duration = Duration::from_millis(150);

/// The workload-simulator, ready to run.
pub struct WorkloadSimulator {
    workload: Workload,
    seed: u64,
    faults: Arc<Mutex<FaultBook>>,
    producer: Producer,
    health: Health,
    metrics: Metrics,
}

fn services(workload: &Workload, metrics: &Metrics) -> Vec<Simulated> {
    let simulated = |service: &ServiceProfile| Simulated {
        acknowledged: metrics.acknowledged.with_label_values(&[service.name]).get(),
        dropped: metrics.lost(service.name),
        events_per_second: workload.events_per_second,
        kinds: FaultKind::ALL.to_vec(),
        produced: metrics.produced.with_label_values(&[service.name]).get(),
        regions: workload.regions.iter().map(|region| (*region).to_owned()).collect(),
        service: service.name.to_owned(),
    };
    workload.services.iter().map(simulated).collect()
}

impl Service for WorkloadSimulator {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::WORKLOAD_SIMULATOR;
    const METRICS: &'static [Family] = METRICS;
    const LISTEN_HELP: &'static str = "Address at which faults are injected and healed";
    type Config = Config;

    fn check(config: &Config) -> anyhow::Result<()> {
        Ok(config.kafka.check()?)
    }

    fn build(mut config: Config, parts: &mut Parts) -> anyhow::Result<Self> {
        config.kafka.failure = parts.failure.clone();
        let workload = config.workload();
        let metrics = Metrics::register(&parts.registry, &workload)?;
        let producer = Producer::with_linger(&config.kafka, Self::NAME, LINGER).context("--brokers")?;
        producer.export_reachable(&parts.registry)?;
        let faults = Arc::new(Mutex::new(FaultBook::new()));
        let (simulated, counts) = (workload.clone(), metrics.clone());
        parts.serve_on_page(fault_api(Arc::clone(&faults), move || services(&simulated, &counts)));
        let seed = config.seed.unwrap_or_else(rand::random);
        Ok(Self { workload, seed, faults, producer, health: parts.health.clone(), metrics })
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { workload, seed, faults, producer, health, metrics } = self;
        tracing::info!(seed, "simulating the workload");
        // Requests become due from now on: between `build` and here, `up` may have started servers for seconds.
        let generator = Generator::new(workload, seed, Timestamp::now());
        Driver::new(generator, faults, producer, metrics, &health).run(shutdown).await
    }
}
