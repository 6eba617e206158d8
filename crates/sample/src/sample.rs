//! The parts of a service that can be broken, whose requests are observed and published.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use jiff::Timestamp;
use tidewatch_contract::http::simulator::{FaultKind, Service as Listed};
use tidewatch_kafka::{DeliveryStats, KafkaArgs};
use tidewatch_service::{Parts, RUN_DRAIN, Requests, Service, Shutdown};
use tidewatch_workload::FaultBook;
use tokio::time::{MissedTickBehavior, interval};

use crate::api;
use crate::events::Events;
use crate::inject::Injector;
use crate::metrics::Metrics;

/// The faults that a real service can have. The others are about the events themselves.
pub(crate) const KINDS: [FaultKind; 3] = [FaultKind::Latency, FaultKind::ErrorRate, FaultKind::Silence];
/// How often the metrics of deliveries and faults are updated.
const TICK: Duration = Duration::from_secs(1);
/// How long the broker may be silent before the last events are given up at once.
const REACHED_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait for the last acknowledgements at shutdown. Events are worth less than a quick end.
const FLUSH: Duration = Duration::from_secs(2);
const _: () = assert!(FLUSH.as_secs() < RUN_DRAIN.as_secs());

/// Flags of a sample service.
#[derive(clap::Args, Clone, Debug)]
pub struct SampleArgs {
    /// The broker of the request events.
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// Region in the request events
    #[arg(long, env = "REGION", default_value = "local",
          value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub region: String,
}

/// The running part: deliveries and faults.
pub struct Sample {
    events: Events,
    faults: Arc<Mutex<FaultBook>>,
    metrics: Metrics,
}

impl Sample {
    /// Serves `router` on the page's listener, observed, published and breakable, and beside it the API of faults. GET
    /// of `route` is what it answers.
    pub fn new<S: Service>(args: &SampleArgs, parts: &mut Parts, route: &str, router: Router) -> anyhow::Result<Self> {
        let metrics = Metrics::register(&parts.registry)?;
        let events = Events::new(S::NAME, &args.region, &args.kafka, metrics.clone())?;
        events.producer.export_reachable(&parts.registry)?;
        let faults = Arc::new(Mutex::new(FaultBook::new()));
        let injector = Injector { service: S::NAME, region: args.region.clone(), faults: Arc::clone(&faults) };
        let publisher = events.clone();
        let requests = Requests::new(parts, &[(Method::GET, route)], move |finished| publisher.publish(finished))?;
        parts.serve_on_page(requests.observe(injector.break_requests(router)));
        let (region, counts, producer) = (args.region.clone(), metrics.clone(), events.producer.clone());
        let listed = move || {
            vec![Listed {
                acknowledged: counts.acknowledged.get(),
                dropped: counts.lost(),
                events_per_second: 0.0,
                kinds: KINDS.to_vec(),
                produced: producer.stats().produced,
                regions: vec![region.clone()],
                service: S::NAME.to_owned(),
            }]
        };
        parts.serve_on_page(api::router(Arc::clone(&faults), listed));
        Ok(Self { events, faults, metrics })
    }

    /// Updates the metrics until the shutdown, and then waits a moment for the last events.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let mut settled = DeliveryStats { produced: 0, acknowledged: 0, failed: 0 };
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = shutdown.triggered() => break,
            }
            settled = self.events.settle(settled);
            let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
            faults.settle(Timestamp::now());
            self.metrics.show_faults(&faults);
        }
        let producer = &self.events.producer;
        if !producer.reachable_within(REACHED_WITHIN) || producer.flush(FLUSH).await.is_err() {
            tracing::warn!("the last request events may be lost: Kafka did not acknowledge them");
        }
        Ok(())
    }
}
