//! Decides which records are new: not duplicates, and not from a processor that no longer owns its partition.
use super::Now;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap, VecDeque};
use tidewatch_contract::{AlertEvent, AlertState};

/// Ids kept per alert. Duplicates follow shortly after a restart of the processor, with at most this many transitions
/// of one alert in between.
const IDS_KEPT: usize = 64;
/// How long the ids of a resolved alert are kept.
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// The classification of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A new transition.
    Taken,
    /// A duplicate, recognised by its id.
    Repeated,
    /// A record that a processor wrote after another one had taken over its partition.
    OlderGeneration,
    /// The start of an alert whose end was read before.
    Over,
}

/// The labels that alerts are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label {
    pub(crate) alertname: String,
    pub(crate) service: String,
    pub(crate) severity: &'static str,
}

/// The ids and generations seen so far.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    alerts: HashMap<String, Known>,
    // Order holds only within one partition of alerts.fired, so generations are compared per partition.
    generations: HashMap<(i32, i32), i64>,
}

#[derive(Debug)]
struct Known {
    label: Label,
    ids: VecDeque<String>,
    last: AlertState,
    last_at: Timestamp,
    /// Start of the latest alert whose end was read.
    over: Option<Timestamp>,
}

impl Ledger {
    /// Classifies a record of partition `partition` of `alerts.fired`, and remembers it.
    pub(crate) fn judge(&mut self, event: &AlertEvent, partition: i32) -> Verdict {
        let newest = self.generations.entry((partition, event.partition)).or_insert(event.generation);
        if event.generation < *newest {
            return Verdict::OlderGeneration;
        }
        *newest = event.generation;
        let known = self.alerts.entry(event.fingerprint.clone()).or_insert_with(|| Known {
            label: label_of(event),
            ids: VecDeque::new(),
            last: event.state,
            last_at: event.fired_at,
            over: None,
        });
        if known.ids.contains(&event.id) {
            return Verdict::Repeated;
        }
        match event.state {
            AlertState::Firing if known.over >= Some(event.started_at) => return Verdict::Over,
            AlertState::Firing => {}
            AlertState::Resolved => known.over = known.over.max(Some(event.started_at)),
        }
        if known.ids.len() == IDS_KEPT {
            known.ids.pop_front();
        }
        known.ids.push_back(event.id.clone());
        (known.last, known.last_at) = (event.state, event.fired_at);
        Verdict::Taken
    }

    /// Returns how many alerts are firing, by the last transition of each; 0 for labels whose alerts are all resolved.
    pub(crate) fn firing(&self) -> BTreeMap<&Label, usize> {
        let mut firing = BTreeMap::new();
        for known in self.alerts.values() {
            *firing.entry(&known.label).or_default() += usize::from(known.last == AlertState::Firing);
        }
        firing
    }

    /// Drops alerts that were resolved more than 24 hours ago.
    pub(crate) fn forget(&mut self, now: Now) {
        // Adding the limit to a record's time instead could overflow the timestamp.
        let is_recent = |at: Timestamp| now.wall.duration_since(at) < FORGET_AFTER;
        self.alerts.retain(|_, known| known.last == AlertState::Firing || is_recent(known.last_at));
    }
}

fn label_of(event: &AlertEvent) -> Label {
    Label {
        alertname: event.rule.clone(),
        service: event.group.get("service").cloned().unwrap_or_default(),
        severity: event.severity.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample::{at, firing, resolved};

    fn total(ledger: &Ledger) -> usize {
        ledger.firing().into_values().sum()
    }

    #[test]
    fn an_id_counts_once() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.judge(&firing("a", 0), 0), Verdict::Taken);
        assert_eq!(ledger.judge(&firing("a", 0), 0), Verdict::Repeated);
        assert_eq!(ledger.judge(&resolved("a", 0, 60), 0), Verdict::Taken);
        assert_eq!(ledger.judge(&firing("a", 0), 0), Verdict::Repeated);
        assert_eq!(ledger.judge(&firing("a", 120), 0), Verdict::Taken);
        assert_eq!(ledger.judge(&firing("b", 0), 0), Verdict::Taken);
    }

    #[test]
    fn a_firing_record_behind_its_resolved_record_is_ignored() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.judge(&resolved("a", 0, 60), 0), Verdict::Taken);
        assert_eq!(ledger.judge(&firing("a", 0), 0), Verdict::Over);
        assert_eq!(total(&ledger), 0);
        assert_eq!(ledger.judge(&firing("b", 0), 0), Verdict::Taken, "another alert");
        assert_eq!(ledger.judge(&firing("a", 120), 0), Verdict::Taken, "it fires again");
        assert_eq!(total(&ledger), 2);
    }

    #[test]
    fn an_older_generation_is_ignored_where_order_is_known() {
        let mut ledger = Ledger::default();
        let with = |service, generation, partition| AlertEvent { generation, partition, ..firing(service, 0) };
        assert_eq!(ledger.judge(&with("a", 2, 5), 0), Verdict::Taken);
        assert_eq!(ledger.judge(&with("b", 1, 5), 0), Verdict::OlderGeneration);
        assert_eq!(ledger.judge(&with("c", 1, 6), 0), Verdict::Taken, "another partition of metrics.raw");
        assert_eq!(ledger.judge(&with("d", 1, 5), 1), Verdict::Taken, "another partition of alerts.fired");
    }

    #[test]
    fn firing_groups_are_counted_by_alert_and_service_down_to_zero() {
        let region = |event: AlertEvent, region: &str| AlertEvent {
            fingerprint: format!("{},region={region}", event.fingerprint),
            id: format!("{}{region}", event.id),
            ..event
        };
        let counts = |ledger: &Ledger| -> Vec<(String, String, &str, usize)> {
            let counts = ledger.firing();
            counts.iter().map(|(by, n)| (by.alertname.clone(), by.service.clone(), by.severity, *n)).collect()
        };
        let mut ledger = Ledger::default();
        for event in [region(firing("a", 0), "east"), region(firing("a", 0), "west"), firing("b", 0)] {
            ledger.judge(&event, 0);
        }
        let of = |service: &str, count| ("HighErrorRate".to_owned(), service.to_owned(), "critical", count);
        assert_eq!(counts(&ledger), [of("a", 2), of("b", 1)]);
        for event in [region(resolved("a", 0, 60), "east"), resolved("b", 0, 60)] {
            ledger.judge(&event, 0);
        }
        assert_eq!(counts(&ledger), [of("a", 1), of("b", 0)]);
    }

    #[test]
    fn the_latest_possible_time_is_compared_like_any_other() {
        let mut ledger = Ledger::default();
        ledger.judge(&AlertEvent { fired_at: Timestamp::MAX, ..resolved("a", 0, 60) }, 0);
        ledger.forget(at(0));
    }

    #[test]
    fn only_resolved_alerts_are_dropped() {
        let mut ledger = Ledger::default();
        for event in [firing("a", 0), firing("b", 0), resolved("b", 0, 60)] {
            ledger.judge(&event, 0);
        }
        ledger.forget(at(23 * 3600));
        assert_eq!((ledger.alerts.len(), total(&ledger)), (2, 1));
        ledger.forget(at(25 * 3600));
        assert_eq!((ledger.alerts.len(), total(&ledger)), (1, 1));
    }
}
