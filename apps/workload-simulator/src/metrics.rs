//! The metrics of the workload-simulator.

use prometheus::{IntCounterVec, IntGaugeVec, Registry};
use tidewatch_kafka::metrics::REACHABLE;
use tidewatch_service::metrics::Family;
use tidewatch_workload::{FaultBook, FaultKind, Workload};

const PRODUCED: Family = Family::counter(
    "workload_simulator_events_produced_total",
    &["service"],
    "Request events handed to the producer, malformed ones included.",
);
const ACKNOWLEDGED: Family = Family::counter(
    "workload_simulator_events_acknowledged_total",
    &["service"],
    "Request events that the broker has acknowledged.",
);
const DROPPED: Family = Family::counter(
    "workload_simulator_dropped_total",
    &["service", "reason"],
    "Request events and log lines that were dropped: undelivered, or overdue after a long stall.",
);
const FAULTS: Family = Family::gauge("workload_simulator_faults", &["service", "kind"], "Active injected faults.");

/// Every metric of the workload-simulator, in addition to those that all services have.
pub(crate) const METRICS: &[Family] = &[PRODUCED, ACKNOWLEDGED, DROPPED, FAULTS, REACHABLE];

/// The reason why an event or log line never reached the broker.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Loss {
    /// The broker did not acknowledge it in time, or refused it.
    Undelivered,
    /// It was owed for too long to be sent.
    Overdue,
}

impl Loss {
    fn as_str(self) -> &'static str {
        match self {
            Self::Undelivered => "undelivered",
            Self::Overdue => "overdue",
        }
    }
}

/// Counters per service.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub(crate) produced: IntCounterVec,
    pub(crate) acknowledged: IntCounterVec,
    dropped: IntCounterVec,
    faults: IntGaugeVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry, workload: &Workload) -> prometheus::Result<Self> {
        let metrics = Self {
            produced: PRODUCED.register(registry)?,
            acknowledged: ACKNOWLEDGED.register(registry)?,
            dropped: DROPPED.register(registry)?,
            faults: FAULTS.register(registry)?,
        };
        // Create all series at startup: a rate needs the zero before the first count.
        for service in &workload.services {
            metrics.produced.with_label_values(&[service.name]);
            metrics.acknowledged.with_label_values(&[service.name]);
            for loss in [Loss::Undelivered, Loss::Overdue] {
                metrics.dropped.with_label_values(&[service.name, loss.as_str()]);
            }
        }
        metrics.show_faults(workload, &FaultBook::new());
        Ok(metrics)
    }

    pub(crate) fn lose(&self, service: &str, loss: Loss, count: u64) {
        self.dropped.with_label_values(&[service, loss.as_str()]).inc_by(count);
    }

    pub(crate) fn lost(&self, service: &str) -> u64 {
        [Loss::Undelivered, Loss::Overdue]
            .map(|loss| self.dropped.with_label_values(&[service, loss.as_str()]).get())
            .iter()
            .sum()
    }

    pub(crate) fn show_faults(&self, workload: &Workload, faults: &FaultBook) {
        for service in &workload.services {
            for kind in FaultKind::ALL {
                let active =
                    faults.active().iter().filter(|fault| fault.service == service.name && fault.kind == kind).count();
                self.faults.with_label_values(&[service.name, kind.as_str()]).set(active as i64);
            }
        }
    }
}
