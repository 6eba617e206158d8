//! An alert's beginning or end, before it is written down.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tidewatch_contract::{AlertEvent, AlertState, ResolveReason, Severity, fingerprint};

/// The beginning or the end of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// Name of the rule.
    pub rule: String,
    /// Whether it began or ended.
    pub state: AlertState,
    /// Why it ended.
    pub reason: Option<ResolveReason>,
    /// How urgent it is: the same in the end as in the beginning.
    pub severity: Severity,
    /// Labels of the group.
    pub group: BTreeMap<String, String>,
    /// What was measured: milliseconds, a share of 1, or events a window. Never contradicts `state`.
    pub value: f64,
    /// What it was held against, in the same unit; the same in the end as in the beginning.
    pub threshold: f64,
    /// Start of the window that decided.
    pub window_start: Timestamp,
    /// Its end.
    pub window_end: Timestamp,
    /// End of the window that fired.
    pub started_at: Timestamp,
    /// One sentence for a person.
    pub summary: String,
    /// What to do about it.
    pub runbook_url: String,
}

impl Transition {
    /// Rule and group.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.rule, &self.group)
    }

    /// The id that a repetition of this transition has too.
    pub fn id(&self) -> String {
        AlertEvent::id_of(&self.fingerprint(), self.state, self.window_end)
    }

    /// The event to write: by the owner of `partition` in its `generation`, whose clock says `fired_at`.
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
