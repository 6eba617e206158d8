//! The alerts that a fault explains: those of the fast path, their counterparts on the slow path, and those of the
//! error budget that it consumes.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use tidewatch_catalogue::Subject;
use tidewatch_contract::http::simulator::FaultKind;

use super::route;
use crate::simulator::Fault;

/// An alert by its name and the service it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alert {
    pub(super) name: String,
    /// Empty if it isn't about a service.
    pub(super) service: String,
}

impl Alert {
    /// Returns the alert with this name about this service.
    pub(super) fn new(name: impl Into<String>, service: impl Into<String>) -> Self {
        Self { name: name.into(), service: service.into() }
    }

    /// Returns whether the alert always fires, or is the test alert of this check.
    pub(super) fn is_expected(&self) -> bool {
        self.name == "Watchdog" || self.name == route::ALERT
    }

    /// Returns whether it is an error budget alert: it counts bad events for hours, long after their cause is gone.
    pub(super) fn is_budget(&self) -> bool {
        self.name.starts_with("ErrorBudgetBurn")
    }

    /// Returns whether one of these faults is its cause.
    pub(super) fn is_explained_by<'a>(&self, faults: impl IntoIterator<Item = &'a Fault>) -> bool {
        let Some(known) = tidewatch_catalogue::alert(&self.name) else { return false };
        // Dead letters are counted for the whole stream, so their alert doesn't name a service.
        let is_about = |service: &str| known.about == Subject::Stream || self.service == service;
        let provokes = |kind: FaultKind| known.provoked_by.contains(&kind);
        faults.into_iter().any(|fault| provokes(fault.kind) && is_about(&fault.service))
    }
}

impl Display for Alert {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.service.as_str() {
            "" => out.write_str(&self.name),
            service => write!(out, "{} for {service}", self.name),
        }
    }
}

/// Returns the alerts as a list for a sentence.
pub(super) fn list(alerts: &BTreeSet<Alert>) -> String {
    alerts.iter().map(Alert::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(service: &str, kind: &str) -> Fault {
        let injected_at = "2026-11-21T10:00:00Z";
        serde_json::from_value(json!({"service": service, "region": null, "kind": kind, "injected_at": injected_at}))
            .unwrap()
    }

    #[test]
    fn a_fault_explains_its_own_alerts_of_its_own_service() {
        let faults = [fault("a", "latency"), fault("b", "error_rate"), fault("c", "silence"), fault("d", "malformed")];
        for (name, service) in [
            ("HighLatencyP99", "a"),
            ("HighErrorRate", "b"),
            ("ErrorBudgetBurnPage", "b"),
            ("TrafficDrop", "c"),
            ("DeadLettersGrowing", ""),
        ] {
            assert!(Alert::new(name, service).is_explained_by(&faults), "{name} {service}");
        }
        for (name, service) in [
            ("HighLatencyP99", "b"),
            ("HighErrorRate", "d"),
            ("ErrorBudgetBurnPage", "c"),
            ("TargetDown", ""),
            ("ClockSkew", "d"),
        ] {
            assert!(!Alert::new(name, service).is_explained_by(&faults), "{name} {service}");
        }
    }

    #[test]
    fn an_alert_that_always_fires_is_expected() {
        assert!(Alert::new("Watchdog", "").is_expected());
        assert!(!Alert::new("TargetDown", "").is_expected());
        assert_eq!(Alert::new("TargetDown", "").to_string(), "TargetDown");
        assert_eq!(Alert::new("TrafficDrop", "a").to_string(), "TrafficDrop for a");
    }
}
