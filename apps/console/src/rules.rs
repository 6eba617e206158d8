//! What the console shows of the alerts that it knows: their names and units, and the faults that provoke them.

use tidewatch_catalogue::{ALERTS, Alert, Shown};
use tidewatch_contract::http::simulator::FaultKind;

pub use tidewatch_catalogue::Unit;

/// What a fault does, and what a rule looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Requests take long.
    Latency,
    /// Requests fail.
    Errors,
    /// Requests stay away.
    Traffic,
    /// Event times are wrong.
    Clock,
    /// Records can't be read.
    Malformed,
    /// Something this console doesn't know.
    Other,
}

impl Family {
    /// The family of a simulator's fault kind.
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

    /// The family of a rule.
    pub fn of_rule(rule: &str) -> Self {
        match shown().find(|(alert, _)| alert.name == rule) {
            Some((Alert { provoked_by: [fault, ..], .. }, _)) => Self::of_fault(*fault),
            _ => Self::Other,
        }
    }

    /// The signal that shows it, with its unit.
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

/// Returns the alerts whose rules the console shows, in their order.
fn shown() -> impl Iterator<Item = (&'static Alert, &'static Shown)> {
    ALERTS.iter().filter_map(|alert| Some((alert, alert.shown.as_ref()?)))
}

/// Returns how to show the rule of this name.
pub fn rule(name: &str) -> Option<&'static Shown> {
    shown().find(|(alert, _)| alert.name == name).map(|(_, shown)| shown)
}

/// Returns the place of a rule in a list: the known ones come first.
pub fn rank(name: &str) -> usize {
    ALERTS.iter().position(|alert| alert.name == name).unwrap_or(ALERTS.len())
}
