//! The start or end of an alert, before it is published as an alert event.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tidewatch_contract::{AlertEvent, AlertState, ResolveReason, Severity, fingerprint};

/// The start or end of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// Name of the rule.
    pub rule: String,
    /// Whether the alert started or ended.
    pub state: AlertState,
    /// Why the alert ended.
    pub reason: Option<ResolveReason>,
    /// The severity; the end has the same one as the start.
    pub severity: Severity,
    /// The labels of the group.
    pub group: BTreeMap<String, String>,
    /// The measured value: milliseconds, a fraction of 1, or events per window. Never contradicts `state`.
    pub value: f64,
    /// The threshold in the unit of `value`; the end has the same one as the start.
    pub threshold: f64,
    /// Start of the window that caused the transition.
    pub window_start: Timestamp,
    /// End of that window.
    pub window_end: Timestamp,
    /// End of the window in which the alert fired.
    pub started_at: Timestamp,
    /// A one-sentence summary for humans.
    pub summary: String,
    /// URL of the runbook.
    pub runbook_url: String,
}

impl Transition {
    /// Returns the fingerprint of the rule and the group.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.rule, &self.group)
    }

    /// Returns the id, which is the same whenever this transition is repeated.
    pub fn id(&self) -> String {
        AlertEvent::id_of(&self.fingerprint(), self.state, self.window_end)
    }

    /// Converts to the alert event to publish, by the owner of `partition` in `generation`, at the wall-clock time
    /// `fired_at`.
    pub fn into_event(self, partition: i32, generation: i64, fired_at: Timestamp) -> AlertEvent {
        AlertEvent {
            id: self.id(),
            fingerprint: self.fingerprint(),
            rule: self.rule,
            state: self.state,
            reason: self.reason,
            severity: self.severity,
            group: self.group,
            value: self.value,
            threshold: self.threshold,
            window_start: self.window_start,
            window_end: self.window_end,
            started_at: self.started_at,
            fired_at,
            partition,
            generation,
            summary: self.summary,
            runbook_url: self.runbook_url,
        }
    }
}
