//! Every metric there is, by the Prometheus job that exposes it: the metrics that rules, SLOs and dashboards may use.

mod external;
mod promql;

use alert_relay::AlertRelay;
use console::Console;
use metrics_bridge::Bridge;
use mock_slack::MockSlack;
use stream_processor::Processor;
use tidewatch_platform::{ALERTMANAGER, PROMETHEUS};
use tidewatch_service::Service;
use tidewatch_service::metrics::{COMMON, Family};
use workload_simulator::Simulator;

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
    const fn service<S: Service>(own: &'static [Family]) -> Self {
        Self { name: S::NAME, own, common: COMMON }
    }

    /// Returns all metrics that it exposes.
    pub fn families(&self) -> impl Iterator<Item = &'static Family> {
        self.own.iter().chain(self.common)
    }
}

/// Tidewatch's services, in the order of the registry.
pub const SERVICES: [Job; tidewatch_platform::SERVICES.len()] = [
    Job::service::<Simulator>(workload_simulator::METRICS),
    Job::service::<Processor>(stream_processor::METRICS),
    Job::service::<Bridge>(metrics_bridge::METRICS),
    Job::service::<AlertRelay>(alert_relay::METRICS),
    Job::service::<Console>(console::METRICS),
    Job::service::<MockSlack>(mock_slack::METRICS),
];

/// Prometheus and Alertmanager, with those of their metrics that Tidewatch uses.
pub const BACKENDS: [Job; 2] = [
    Job { name: PROMETHEUS.name, own: external::PROMETHEUS, common: external::PROCESS },
    Job { name: ALERTMANAGER.name, own: external::ALERTMANAGER, common: external::PROCESS },
];

/// The metrics that Prometheus itself adds for every target.
pub const EVERY_TARGET: &[Family] = external::EVERY_TARGET;

/// Returns every job with all metrics that it exposes.
pub fn jobs() -> impl Iterator<Item = Job> {
    SERVICES.into_iter().chain(BACKENDS)
}

/// Returns the declaration of a metric of Tidewatch's services by its name, for a histogram without the suffixes of its
/// samples.
pub fn family(name: &str) -> Option<&'static Family> {
    SERVICES.iter().flat_map(Job::families).find(|family| family.name == name)
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;

    #[test]
    fn every_service_of_the_registry_has_its_metrics_listed() {
        assert_eq!(SERVICES.map(|job| job.name), tidewatch_platform::SERVICES.map(|service| service.name));
    }

    /// Returns whether a service has the flags that its entry names for its peers and its page.
    fn has_its_flags<S: Service>() -> bool {
        let command = S::Config::augment_args(clap::Command::new(S::NAME));
        let has = |flag: &str| command.get_arguments().any(|arg| arg.get_long() == Some(flag));
        S::ENTRY.talks_to.iter().all(|peer| has(peer.flag)) && has("listen") == S::ENTRY.page.is_some()
    }

    #[test]
    fn every_service_has_the_flags_that_the_registry_names() {
        let checked = [
            has_its_flags::<Simulator>(),
            has_its_flags::<Processor>(),
            has_its_flags::<Bridge>(),
            has_its_flags::<AlertRelay>(),
            has_its_flags::<Console>(),
            has_its_flags::<MockSlack>(),
        ];
        assert_eq!(checked, [true; tidewatch_platform::SERVICES.len()]);
    }
}
