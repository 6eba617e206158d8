//! Every metric there is, by the Prometheus job that exposes it: the metrics that rules, SLOs and dashboards may use.

mod external;
mod kubernetes;
mod promql;
mod thanos;

use tidewatch_platform::{ALERTMANAGER, PROMETHEUS};
use tidewatch_service::metrics::{COMMON, Family};

use crate::services::{self, Listed};

pub use promql::{Labels, Vocabulary};

/// A job that Prometheus scrapes.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// Value of the label `job`.
    pub name: &'static str,
    /// The metrics that only this job has.
    pub own: &'static [Family],
    /// The metrics that it has in common with other jobs.
    pub common: &'static [Family],
}

impl Job {
    fn of(service: Listed) -> Self {
        Self { name: service.entry.name, own: service.metrics, common: COMMON }
    }

    /// Returns all metrics that it exposes.
    pub fn families(self) -> impl Iterator<Item = &'static Family> {
        self.own.iter().chain(self.common)
    }
}

/// Prometheus and Alertmanager, with those of their metrics that Tidewatch uses.
pub const BACKENDS: [Job; 2] = [
    Job { name: PROMETHEUS.name, own: external::PROMETHEUS, common: external::PROCESS },
    Job { name: ALERTMANAGER.name, own: external::ALERTMANAGER, common: external::PROCESS },
];

/// What is scraped in a Kubernetes cluster only, with those of the metrics that Tidewatch uses.
pub const CLUSTER: [Job; 6] = [
    Job { name: "kube-state-metrics", own: kubernetes::STATE, common: &[] },
    Job { name: "node-exporter", own: kubernetes::NODE, common: &[] },
    Job { name: "kubelet", own: kubernetes::KUBELET, common: &[] },
    Job { name: "cadvisor", own: kubernetes::CONTAINERS, common: &[] },
    Job { name: "thanos-sidecar", own: thanos::SIDECAR, common: &[] },
    Job { name: "thanos-compactor", own: thanos::COMPACTOR, common: &[] },
];

/// The metrics that Prometheus itself adds for every target.
pub const EVERY_TARGET: &[Family] = external::EVERY_TARGET;

/// Returns Tidewatch's services, in the order of the registry.
pub fn services() -> impl Iterator<Item = Job> {
    services::ALL.into_iter().map(Job::of)
}

/// Returns every job that there is with and without a cluster, with all metrics that it exposes.
pub fn jobs() -> impl Iterator<Item = Job> {
    services().chain(BACKENDS)
}

/// Returns the declaration of a metric of Tidewatch's services by its name, for a histogram without the suffixes of its
/// samples.
pub fn family(name: &str) -> Option<&'static Family> {
    services().flat_map(Job::families).find(|family| family.name == name)
}
