//! The metrics of a sample service's events and faults.

use prometheus::{IntCounter, IntCounterVec, IntGaugeVec, Registry};
use tidewatch_service::metrics::Family;
use tidewatch_workload::FaultBook;

use crate::sample::KINDS;

/// Events that the broker has.
pub const ACKNOWLEDGED: Family =
    Family::counter("request_events_acknowledged_total", &[], "Request events that the broker has acknowledged.");
/// Events that are lost.
pub const DROPPED: Family = Family::counter(
    "request_events_dropped_total",
    &["reason"],
    "Request events that were dropped: queue_full while the broker was too slow, or undelivered after 5 minutes.",
);
/// Faults in force.
pub const FAULTS: Family = Family::gauge("injected_faults", &["kind"], "Active injected faults.");

/// The reason why an event never reached the broker.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Loss {
    /// The producer's queue was full.
    QueueFull,
    /// The broker did not acknowledge it in time, or refused it.
    Undelivered,
}

impl Loss {
    const ALL: [Self; 2] = [Self::QueueFull, Self::Undelivered];

    fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Undelivered => "undelivered",
        }
    }
}

/// The registered metrics.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub(crate) acknowledged: IntCounter,
    dropped: IntCounterVec,
    faults: IntGaugeVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            acknowledged: ACKNOWLEDGED.register(registry)?,
            dropped: DROPPED.register(registry)?,
            faults: FAULTS.register(registry)?,
        };
        for loss in Loss::ALL {
            metrics.dropped(loss);
        }
        metrics.show_faults(&FaultBook::new());
        Ok(metrics)
    }

    pub(crate) fn dropped(&self, loss: Loss) -> IntCounter {
        self.dropped.with_label_values(&[loss.as_str()])
    }

    /// Returns the number of all events that were dropped.
    pub(crate) fn lost(&self) -> u64 {
        Loss::ALL.map(|loss| self.dropped(loss).get()).iter().sum()
    }

    pub(crate) fn show_faults(&self, faults: &FaultBook) {
        for kind in KINDS {
            let active = faults.active().iter().filter(|fault| fault.kind == kind).count();
            self.faults.with_label_values(&[kind.as_str()]).set(active as i64);
        }
    }
}
