//! Which alerts a fault explains: its own of the fast path, the same of the slow path, and what it takes from the budget.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use tidewatch_catalogue::Subject;
use tidewatch_contract::http::simulator::FaultKind;

use super::route;
use crate::simulator::Fault;

/// An alert, by its name and the service that it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alert {
    pub(super) name: String,
    /// Empty where it is about none.
    pub(super) service: String,
}

impl Alert {
    /// An alert of this name about this service.
    pub(super) fn new(name: impl Into<String>, service: impl Into<String>) -> Self {
        Self { name: name.into(), service: service.into() }
    }

    /// Always there, or of this check itself.
    pub(super) fn is_expected(&self) -> bool {
        self.name == "Watchdog" || self.name == route::ALERT
    }

    /// A burning budget: it remembers bad events for hours, long after what caused them is over.
    pub(super) fn is_budget(&self) -> bool {
        self.name.starts_with("ErrorBudgetBurn")
    }

    /// Whether one of these faults is its cause.
    pub(super) fn is_explained_by<'a>(&self, faults: impl IntoIterator<Item = &'a Fault>) -> bool {
        let Some(known) = tidewatch_catalogue::alert(&self.name) else { return false };
        // Dead letters are counted for the whole stream, so their alert names no service.
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

/// One after the other, for a sentence.
pub(super) fn list(alerts: &BTreeSet<Alert>) -> String {
    alerts.iter().map(Alert::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(service: &str, kind: &str) -> Fault {
        serde_json::from_value(json!({"service": service, "region": null, "kind": kind, "injected_at": "2026-11-21T10:00:00Z", "healed_at": null})).unwrap()
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
    fn what_fires_always_is_no_surprise() {
        assert!(Alert::new("Watchdog", "").is_expected());
        assert!(!Alert::new("TargetDown", "").is_expected());
        assert_eq!(Alert::new("TargetDown", "").to_string(), "TargetDown");
        assert_eq!(Alert::new("TrafficDrop", "a").to_string(), "TrafficDrop for a");
    }
}
