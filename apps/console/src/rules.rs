//! How the console shows the alerts that it knows: their names and units, and the faults that provoke them.

use tidewatch_catalogue::{ALERTS, Alert, Shown};
use tidewatch_contract::http::simulator::FaultKind;

pub use tidewatch_catalogue::Unit;

/// The problem that a fault causes and a rule detects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Slow requests.
    Latency,
    /// Failing requests.
    Errors,
    /// Missing requests.
    Traffic,
    /// Wrong event times.
    Clock,
    /// Records that can't be read.
    Malformed,
    /// A problem that this console doesn't know.
    Other,
}

impl Family {
    /// Returns the family of a simulator's fault kind.
    pub fn of_fault(kind: FaultKind) -> Self {
        match kind {
            FaultKind::Latency => Self::Latency,
            FaultKind::ErrorRate => Self::Errors,
            FaultKind::Silence => Self::Traffic,
            FaultKind::Skew => Self::Clock,
            FaultKind::Malformed => Self::Malformed,
            FaultKind::Unknown => Self::Other,
        }
    }

    /// Returns the family of a rule.
    pub fn of_rule(rule: &str) -> Self {
        match shown().find(|(alert, _)| alert.name == rule) {
            Some((Alert { provoked_by: [fault, ..], .. }, _)) => Self::of_fault(*fault),
            _ => Self::Other,
        }
    }

    /// Returns the name of the signal that shows the problem.
    pub fn signal(self) -> &'static str {
        match self {
            Self::Latency => "P99",
            Self::Errors => "errors",
            Self::Traffic | Self::Other => "rate",
            Self::Clock => "off clock",
            Self::Malformed => "dead letters",
        }
    }
}

/// Returns the alerts whose rules the console shows, in order.
fn shown() -> impl Iterator<Item = (&'static Alert, &'static Shown)> {
    ALERTS.iter().filter_map(|alert| Some((alert, alert.shown.as_ref()?)))
}

/// Returns how to show the rule with this name.
pub fn rule(name: &str) -> Option<&'static Shown> {
    shown().find(|(alert, _)| alert.name == name).map(|(_, shown)| shown)
}

/// Returns the position of a rule in a list: known rules come first.
pub fn rank(name: &str) -> usize {
    ALERTS.iter().position(|alert| alert.name == name).unwrap_or(ALERTS.len())
}
