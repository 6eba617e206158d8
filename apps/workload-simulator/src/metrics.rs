//! The simulator's own metrics: their names, labels and help, in one place.

use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};

use crate::faults::{FaultBook, FaultKind};
use crate::workload::Workload;

/// Why an event or log line never reached the broker.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Loss {
    /// The broker did not acknowledge it in time, or refused it.
    Undelivered,
    /// It was owed for too long to be made up.
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

/// Counters by service.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub(crate) produced: IntCounterVec,
    pub(crate) acknowledged: IntCounterVec,
    dropped: IntCounterVec,
    faults: IntGaugeVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry, workload: &Workload) -> prometheus::Result<Self> {
        let counter = |name, help, labels| IntCounterVec::new(Opts::new(name, help), labels);
        let metrics = Self {
            produced: counter(
                "workload_simulator_events_produced_total",
                "Request events handed to the producer, malformed ones included.",
                &["service"],
            )?,
            acknowledged: counter(
                "workload_simulator_events_acknowledged_total",
                "Request events that the broker has acknowledged.",
                &["service"],
            )?,
            dropped: counter(
                "workload_simulator_dropped_total",
                "Request events and log lines that were given up: undelivered, or overdue after a long stall.",
                &["service", "reason"],
            )?,
            faults: IntGaugeVec::new(
                Opts::new("workload_simulator_faults", "Injected faults in force."),
                &["service", "kind"],
            )?,
        };
        for counter in [&metrics.produced, &metrics.acknowledged, &metrics.dropped] {
            registry.register(Box::new(counter.clone()))?;
        }
        registry.register(Box::new(metrics.faults.clone()))?;
        // Series exist from the start: a rate needs the zero before the first count.
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
                let active = faults
                    .active()
                    .iter()
                    .filter(|fault| fault.injection.service == service.name && fault.injection.kind == kind)
                    .count();
                self.faults.with_label_values(&[service.name, kind.as_str()]).set(active as i64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_says_what_is_declared_here() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/workload-simulator.md");
        let page = std::fs::read_to_string(path).unwrap();
        let registry = Registry::new();
        Metrics::register(&registry, &Workload::default()).unwrap();
        for family in registry.gather() {
            let kind = format!("{:?}", family.get_field_type()).to_lowercase();
            let labels: Vec<_> = family.get_metric()[0].get_label().iter().map(|label| label.name()).collect();
            let row = format!("| `{}` | {kind} | {} | {} |\n", family.name(), labels.join(", "), family.help());
            assert!(page.contains(&row), "docs/workload-simulator.md lacks this row:\n{row}");
        }
    }
}
