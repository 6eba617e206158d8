//! The contents of `alerts.fired` so far: the firing alerts, and when the resolved ones began and ended.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};
use tidewatch_contract::{AlertEvent, AlertState, ResolveReason, Severity};

use crate::rules::Family;

/// Maximum number of resolved alerts kept.
const MAX_OVER: usize = 300;
/// Number of notifications that may belong to the kept alerts: two for each, firing and resolved.
pub const NOTIFICATIONS: usize = 2 * MAX_OVER;
/// How long a resolved alert is kept, in minutes.
const KEEP_MINUTES: i64 = 60;

/// An alert from firing to resolution.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Identifies the rule and group.
    pub fingerprint: String,
    /// Name of the rule.
    pub rule: String,
    /// How urgent it is.
    pub severity: Severity,
    /// Labels of the group.
    pub group: BTreeMap<String, String>,
    /// The measured value, in the rule's unit.
    pub value: f64,
    /// The threshold, in the rule's unit.
    pub threshold: f64,
    /// End of the window that fired; identifies the alert together with its fingerprint.
    pub started_at: Timestamp,
    /// When the processor reported it as firing.
    pub fired_at: Timestamp,
    /// When the processor reported it as resolved, and why.
    pub resolved: Option<(Timestamp, Option<ResolveReason>)>,
    /// A one-sentence summary.
    pub summary: String,
    /// URL of the runbook.
    pub runbook_url: String,
}

impl Alert {
    fn of(event: AlertEvent, resolved: Option<(Timestamp, Option<ResolveReason>)>) -> Self {
        Self {
            fingerprint: event.fingerprint,
            rule: event.rule,
            severity: event.severity,
            group: event.group,
            value: event.value,
            threshold: event.threshold,
            started_at: event.started_at,
            fired_at: event.fired_at,
            resolved,
            summary: event.summary,
            runbook_url: event.runbook_url,
        }
    }

    /// Returns the affected service.
    pub fn service(&self) -> &str {
        self.group.get("service").map_or("", String::as_str)
    }

    /// Returns the affected region, if the group has one.
    pub fn region(&self) -> Option<&str> {
        self.group.get("region").map(String::as_str)
    }

    /// Returns whether the alert is firing.
    pub fn is_firing(&self) -> bool {
        self.resolved.is_none()
    }
}

/// Returns the alert with the worst value; for missing traffic, that is the lowest one.
pub fn worst<'a>(alerts: &[&'a Alert]) -> Option<&'a Alert> {
    let badness = |alert: &Alert| match Family::of_rule(&alert.rule) {
        Family::Traffic => -alert.value,
        _ => alert.value,
    };
    alerts.iter().copied().max_by(|a, b| badness(a).total_cmp(&badness(b)))
}

/// The alerts in the order in which they fired.
#[derive(Default)]
pub struct AlertBook {
    alerts: Vec<Alert>,
}

impl AlertBook {
    /// Applies a transition; a repeated one changes nothing.
    pub fn apply(&mut self, event: AlertEvent) {
        let mut same = self.alerts.iter_mut().filter(|alert| alert.fingerprint == event.fingerprint);
        match event.state {
            AlertState::Firing => {
                if same.any(|alert| alert.started_at >= event.started_at) {
                    return;
                }
                // An earlier firing that was never resolved can't have continued: it would be this same alert.
                for lost in self.alerts.iter_mut().filter(|alert| alert.fingerprint == event.fingerprint) {
                    lost.resolved.get_or_insert((event.fired_at, None));
                }
                self.alerts.push(Alert::of(event, None));
            }
            AlertState::Resolved => {
                let over = (event.fired_at, event.reason);
                match same.find(|alert| alert.started_at == event.started_at) {
                    Some(alert) => {
                        alert.resolved.get_or_insert(over);
                    }
                    // The firing transition is no longer on the topic; the end of its window is the closest known time.
                    None => {
                        let fired_at = event.started_at;
                        self.alerts.push(Alert { fired_at, ..Alert::of(event, Some(over)) });
                    }
                }
            }
        }
    }

    /// Drops alerts that were resolved long ago. Firing alerts stay.
    pub fn forget_old(&mut self, now: Timestamp) {
        let oldest = now.saturating_sub(KEEP_MINUTES.minutes()).unwrap_or(Timestamp::MIN);
        let over = self.alerts.iter().filter(|alert| !alert.is_firing()).count();
        let mut too_many = over.saturating_sub(MAX_OVER);
        self.alerts.retain(|alert| match alert.resolved {
            None => true,
            Some((at, _)) => {
                let excess = too_many > 0;
                too_many -= usize::from(excess);
                at >= oldest && !excess
            }
        });
    }

    /// Returns all alerts that are kept, in order of arrival.
    pub fn all(&self) -> &[Alert] {
        &self.alerts
    }

    /// Returns the firing alerts.
    pub fn firing(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter().filter(|alert| alert.is_firing())
    }

    /// Returns the firing alerts grouped into incidents: one per rule and service, regardless of the number of regions.
    /// The most urgent come first, then the oldest.
    pub fn incidents(&self) -> Vec<Vec<&Alert>> {
        let mut incidents: BTreeMap<(&str, &str), Vec<&Alert>> = BTreeMap::new();
        for alert in self.firing() {
            incidents.entry((alert.service(), alert.rule.as_str())).or_default().push(alert);
        }
        let mut incidents: Vec<_> = incidents.into_values().collect();
        incidents.sort_by_key(|alerts| {
            (alerts.iter().map(|alert| urgency(alert.severity)).min(), alerts.iter().map(|alert| alert.fired_at).min())
        });
        incidents
    }
}

fn urgency(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{alert_event, at};

    fn transition(state: AlertState, started: i64, said: i64) -> AlertEvent {
        AlertEvent {
            state,
            started_at: at(started),
            fired_at: at(said),
            ..alert_event("HighErrorRate", "auth", "eu", started)
        }
    }

    #[test]
    fn an_alert_fires_until_it_is_resolved() {
        let mut book = AlertBook::default();
        book.apply(transition(AlertState::Firing, 100, 101));
        assert_eq!(book.firing().count(), 1);
        book.apply(transition(AlertState::Resolved, 100, 190));
        assert_eq!(book.firing().count(), 0);
        assert_eq!(book.all()[0].resolved.unwrap().0, at(190));
    }

    #[test]
    fn repeated_transitions_change_nothing() {
        let mut book = AlertBook::default();
        let story = [transition(AlertState::Firing, 100, 101), transition(AlertState::Resolved, 100, 190)];
        for event in story.iter().chain(&story).chain(&story[..1]) {
            book.apply(event.clone());
        }
        assert_eq!(book.all().len(), 1);
        assert_eq!(book.firing().count(), 0);
    }

    #[test]
    fn a_later_firing_ends_an_earlier_one_that_was_never_resolved() {
        let mut book = AlertBook::default();
        book.apply(transition(AlertState::Firing, 100, 101));
        book.apply(transition(AlertState::Firing, 500, 501));
        assert_eq!(book.firing().map(|alert| alert.started_at).collect::<Vec<_>>(), [at(500)]);
    }

    #[test]
    fn a_resolved_record_without_its_firing_record_is_a_resolved_alert() {
        let mut book = AlertBook::default();
        book.apply(transition(AlertState::Resolved, 100, 190));
        assert_eq!((book.all().len(), book.firing().count()), (1, 0));
    }

    #[test]
    fn regions_of_one_rule_and_service_are_one_incident() {
        let mut book = AlertBook::default();
        for region in ["eu", "us"] {
            book.apply(alert_event("HighErrorRate", "auth", region, 100));
        }
        book.apply(AlertEvent { severity: Severity::Warning, ..alert_event("HighLatencyP99", "auth", "eu", 50) });
        let incidents = book.incidents();
        assert_eq!(incidents.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1], "critical before warning");
    }

    #[test]
    fn resolved_alerts_are_dropped_after_an_hour_and_beyond_the_limit() {
        let mut book = AlertBook::default();
        book.apply(transition(AlertState::Firing, 10, 11));
        for n in 0..=MAX_OVER as i64 {
            let event = AlertEvent { fingerprint: format!("f{n}"), ..transition(AlertState::Resolved, 100, 190 + n) };
            book.apply(event);
        }
        book.forget_old(at(1_000));
        assert_eq!(book.all().len(), 1 + MAX_OVER);
        assert!(book.all().iter().all(|alert| alert.fingerprint != "f0"), "the oldest goes first");
        book.forget_old(at(190 + MAX_OVER as i64 + 3_601));
        assert_eq!(book.all().len(), 1, "the one that fires stays");
    }
}
