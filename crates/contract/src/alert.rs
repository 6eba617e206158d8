//! One transition of an alert, as `alerts.fired` carries it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Event, Rejection};

/// Whether the alert started firing or was resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// The rule is violated.
    Firing,
    /// The rule is no longer violated.
    Resolved,
}

impl AlertState {
    /// Returns the state as JSON spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// Why an alert was resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResolveReason {
    /// Enough clean windows in a row.
    Clean,
    /// Too few events to evaluate for ten minutes.
    NoData,
    /// The group was silent for a day and was dropped.
    Retired,
    /// The traffic stayed at a lower level for so long that it now counts as usual.
    NewNormal,
}

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Users are affected now: page a person.
    Critical,
    /// A person should look at it today.
    Warning,
    /// For information only.
    Info,
}

impl Severity {
    /// Returns the severity as JSON and alert labels spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// One transition of an alert. The topic's key is `fingerprint`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertEvent {
    /// Hash of fingerprint, state and window end: a repeated transition has the same id.
    pub id: String,
    /// Rule and group, see [`fingerprint`].
    pub fingerprint: String,
    /// Name of the rule.
    pub rule: String,
    /// Whether the alert started firing or was resolved.
    pub state: AlertState,
    /// Why the alert was resolved; absent while it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ResolveReason>,
    /// How urgent the alert is.
    pub severity: Severity,
    /// Labels of the group that was evaluated.
    pub group: BTreeMap<String, String>,
    /// Value measured in the window, in the rule's unit.
    pub value: f64,
    /// Limit that the value was compared with, in the rule's unit.
    pub threshold: f64,
    /// Start of the deciding window, inclusive.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub window_start: Timestamp,
    /// End of the deciding window, exclusive.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub window_end: Timestamp,
    /// End of the window that fired: the same in the firing record and its resolved record.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    /// When the processor created this record, by its own clock.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub fired_at: Timestamp,
    /// Partition of `metrics.raw` that the group belongs to.
    pub partition: i32,
    /// Generation of that partition's owner: increases with each change of owner.
    pub generation: i64,
    /// Summary for people, one sentence.
    pub summary: String,
    /// URL of the page that describes what to do.
    pub runbook_url: String,
}

impl AlertEvent {
    /// Returns the id of a transition: the first 128 bits of SHA-256 over fingerprint, state and window end, in
    /// hexadecimal.
    pub fn id_of(fingerprint: &str, state: AlertState, window_end: Timestamp) -> String {
        let mut hash = Sha256::new();
        for part in [fingerprint, state.as_str(), &window_end.as_second().to_string()] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Event for AlertEvent {
    const SCHEMA: &'static str = "alert-event/v1";

    fn validate(&self) -> Result<(), Rejection> {
        if self.fingerprint.is_empty() {
            return Err(Rejection::field("fingerprint", "is empty"));
        }
        Ok(())
    }
}

/// Returns the identity of an alert: its rule and group, as `rule:label=value,label=value` in the labels' order.
pub fn fingerprint(rule: &str, group: &BTreeMap<String, String>) -> String {
    let labels: Vec<String> = group.iter().map(|(label, value)| format!("{label}={value}")).collect();
    format!("{rule}:{}", labels.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_depends_on_fingerprint_state_and_window_end_alone() {
        let end = Timestamp::from_second(1_800_000_000).unwrap();
        let later = Timestamp::from_second(1_800_000_005).unwrap();
        let id = AlertEvent::id_of("HighErrorRate:service=a", AlertState::Firing, end);
        assert_eq!(id, AlertEvent::id_of("HighErrorRate:service=a", AlertState::Firing, end));
        assert_eq!(id.len(), 32);
        assert_ne!(id, AlertEvent::id_of("HighErrorRate:service=b", AlertState::Firing, end));
        assert_ne!(id, AlertEvent::id_of("HighErrorRate:service=a", AlertState::Resolved, end));
        assert_ne!(id, AlertEvent::id_of("HighErrorRate:service=a", AlertState::Firing, later));
    }
}
