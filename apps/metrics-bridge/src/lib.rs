//! Turns the stream of requests into Prometheus metrics. Every event is counted exactly once, even if the bridge is
//! restarted or killed, and all scrapers see the same counters, which never reset.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod budget;
mod checkpoints;
mod config;
mod exposition;
mod exposure;
mod input;
mod label;
mod latency;
mod names;
mod scrape;
mod series;
mod state;
mod store;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::routing::get;
use prometheus::{IntCounterVec, Registry};
use tidewatch_kafka::metrics::ConsumerLag;
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_kafka::{Producer, Reader};
use tidewatch_service::metrics::Family;
use tidewatch_service::{Parts, Service, Shutdown};

pub use config::Config;
pub use exposition::Format;
pub use names::{LATENCY_BOUNDS, NOT_FOUND, OVERFLOW};
pub use state::StateError;
pub use store::Store;

use crate::checkpoints::Checkpoints;
use crate::input::Input;

/// The store, shared by counting, saving and scraping. A poisoned lock is used like any other: if counting panics, the
/// service ends without another checkpoint, and its next start counts the event from scratch.
#[derive(Clone)]
pub(crate) struct SharedStore(Arc<Mutex<Store>>);

impl SharedStore {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The metrics-bridge, ready to run.
pub struct MetricsBridge {
    input: Input,
    checkpoints: Checkpoints,
}

impl Service for MetricsBridge {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::METRICS_BRIDGE;
    const METRICS: &'static [Family] = names::METRICS;
    type Config = Config;

    fn check(config: &Config) -> anyhow::Result<()> {
        Ok(config.kafka.check()?)
    }

    fn build(mut config: Config, parts: &mut Parts) -> anyhow::Result<Self> {
        config.kafka.failure = parts.failure.clone();
        let (registry, health) = (parts.registry.clone(), parts.health.clone());
        let lag = ConsumerLag::register(&registry, &METRICS_RAW)?;
        let outcomes: IntCounterVec = names::CHECKPOINTS.register(&registry)?;
        for outcome in ["saved", "failed"] {
            outcomes.with_label_values(&[outcome]);
        }
        let (broker, caught_up, saved) =
            (health.require("broker"), health.require("caught-up"), health.require("checkpoint"));
        let readable = health.require("input");
        let store = SharedStore(Arc::new(Mutex::new(Store::new(config.max_series as usize, config.hold()))));
        let questions = Reader::uncommitted(&config.kafka, "metrics-bridge-ends").context("--brokers")?;
        questions.export_reachable(&registry)?;
        parts.answer_metrics(route(store.clone(), registry));
        let producer = Producer::new(&config.kafka, Self::NAME).context("--brokers")?;
        let checkpoints = Checkpoints { store: store.clone(), producer, outcomes, caught_up: caught_up.clone(), saved };
        let input = Input { kafka: config.kafka, questions, store, lag, broker, readable, caught_up };
        Ok(Self { input, checkpoints })
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { input, checkpoints } = self;
        let work = async {
            if let Some(reader) = input.begin(&shutdown).await? {
                tokio::join!(input.count(reader, &shutdown), checkpoints.run(&shutdown));
                checkpoints.save_last().await;
            }
            anyhow::Ok(())
        };
        let watch = async {
            input.watch(&shutdown).await;
            anyhow::Ok(())
        };
        tokio::try_join!(work, watch)?;
        Ok(())
    }
}

fn route(store: SharedStore, registry: Registry) -> axum::routing::MethodRouter {
    get(async move |request: axum::http::HeaderMap| scrape::answer(&store, &registry, &request))
}
