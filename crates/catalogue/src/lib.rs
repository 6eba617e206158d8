//! Every alert of Tidewatch: what it means, which path raises it, and which fault provokes it.
//!
//! The rules themselves are in `crates/detect/rules.yaml` (fast path) and `rules/` (slow path). A test of the command
//! line checks that this list and the rules name the same alerts, and that each has a runbook.

mod alerts;

use tidewatch_contract::Severity;
use tidewatch_contract::http::simulator::FaultKind;

pub use alerts::ALERTS;

/// An alert that Tidewatch can raise.
#[derive(Debug)]
pub struct Alert {
    /// The label `alertname`, and the name of its runbook.
    pub name: &'static str,
    /// The subject, by which lists are ordered.
    pub about: Subject,
    /// The paths that raise it.
    pub paths: &'static [Path],
    /// The severities it can have, the most severe first.
    pub severities: &'static [Severity],
    /// The problem that it reports, for a list: a clause without a full stop.
    pub meaning: &'static str,
    /// The faults of the workload simulator that provoke it.
    pub provoked_by: &'static [FaultKind],
    /// How the console shows its rule, if it does.
    pub shown: Option<Shown>,
}

/// The subject of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A service that publishes events.
    Services,
    /// An objective of such a service.
    Objectives,
    /// The way of events through Kafka, processor, bridge and relay.
    Stream,
    /// The processes, Prometheus and Alertmanager.
    Platform,
    /// The pods and nodes of a Kubernetes cluster, and what runs in one only.
    Kubernetes,
}

impl Subject {
    /// Every subject, in the order of lists.
    pub const ALL: [Self; 5] = [Self::Services, Self::Objectives, Self::Stream, Self::Platform, Self::Kubernetes];

    /// Returns the subject as a heading.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Services => "Services",
            Self::Objectives => "Objectives",
            Self::Stream => "Stream",
            Self::Platform => "Platform",
            Self::Kubernetes => "Kubernetes",
        }
    }
}

/// The path on which an alert is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// The stream processor, within seconds.
    Fast,
    /// Prometheus, from the bridge's metrics.
    Slow,
}

impl Path {
    /// Returns the value of the label `path`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Slow => "slow",
        }
    }
}

/// How the console shows a rule.
#[derive(Debug)]
pub struct Shown {
    /// A short name with the unit, for a narrow column.
    pub short: &'static str,
    /// The unit of its value and threshold.
    pub unit: Unit,
    /// The comparison that the rule makes, in a sentence for somebody who sees it for the first time.
    pub explanation: &'static str,
}

/// The unit of a rule's value and threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// A share, 0 to 1, shown in percent.
    Share,
    /// Requests in the window of 60 s.
    PerMinute,
    /// A plain number.
    Number,
}

impl Alert {
    /// Returns whether `path` raises it.
    #[must_use]
    pub fn is_raised_by(&self, path: Path) -> bool {
        self.paths.contains(&path)
    }
}

/// Returns the alert of this name.
#[must_use]
pub fn alert(name: &str) -> Option<&'static Alert> {
    ALERTS.iter().find(|alert| alert.name == name)
}

/// Returns the alerts that the stream processor raises by its built-in rules.
pub fn fast() -> impl Iterator<Item = &'static Alert> {
    ALERTS.iter().filter(|alert| alert.is_raised_by(Path::Fast))
}

/// Returns the fast path's alert that a fault of this kind provokes.
#[must_use]
pub fn provoked_by(fault: FaultKind) -> Option<&'static Alert> {
    fast().find(|alert| alert.provoked_by.contains(&fault))
}
