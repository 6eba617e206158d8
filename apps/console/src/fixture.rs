//! Events, faults and notifications for the unit tests.

use jiff::Timestamp;
use tidewatch_contract::http::mock_slack::Notification;
use tidewatch_contract::http::processor::{GroupView, RuleStatus, RuleView};
use tidewatch_contract::http::simulator::Fault;
use tidewatch_contract::{AlertEvent, AlertState, ResolveReason, fingerprint};

use crate::letters::DeadLetter;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Returns the firing transition of one region, published one second after its window's end.
pub(crate) fn alert_event(rule: &str, service: &str, region: &str, started: i64) -> AlertEvent {
    let alert = tidewatch_testkit::alert(service, region, AlertState::Firing, at(started));
    let fingerprint = fingerprint(rule, &alert.group);
    AlertEvent {
        id: AlertEvent::id_of(&fingerprint, AlertState::Firing, at(started)),
        fingerprint,
        rule: rule.to_owned(),
        value: 0.314,
        fired_at: at(started + 1),
        ..alert
    }
}

/// Returns a group with one rule in the given state, with its value and reason.
pub(crate) fn group(
    service: &str,
    region: Option<&str>,
    rule: &str,
    (state, value, reason): (RuleStatus, f64, Option<&str>),
) -> GroupView {
    let labels = [("service", Some(service)), ("region", region)];
    let labels = labels.into_iter().filter_map(|(label, value)| Some((label.to_owned(), value?.to_owned())));
    let reason = reason.map(str::to_owned);
    let rule_state = RuleView { state, value: Some(value), threshold: Some(0.05), since: None, reason };
    GroupView { labels: labels.collect(), rules: [(rule.to_owned(), rule_state)].into() }
}

/// Returns the resolution of `fired`.
pub(crate) fn resolved(fired: AlertEvent, said: i64) -> AlertEvent {
    AlertEvent { state: AlertState::Resolved, reason: Some(ResolveReason::Clean), fired_at: at(said), ..fired }
}

pub(crate) fn fault(kind: &str, service: &str, region: Option<&str>, injected: i64, healed: Option<i64>) -> Fault {
    Fault {
        id: format!("{kind}-{service}-{injected}"),
        service: service.to_owned(),
        region: region.map(str::to_owned),
        kind: serde_json::from_value(kind.into()).unwrap(),
        value: 10.0,
        injected_at: at(injected),
        heals_at: None,
        healed_at: healed.map(at),
    }
}

pub(crate) fn notification(
    status: &str,
    rule: &str,
    service: &str,
    region: &str,
    started: i64,
    received: i64,
) -> Notification {
    let labels = [("alertname", rule), ("service", service), ("region", region)];
    Notification {
        status: serde_json::from_value(status.into()).unwrap(),
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        annotations: Default::default(),
        starts_at: Some(at(started)),
        ends_at: None,
        received_at: at(received),
        fingerprint: None,
    }
}

pub(crate) fn dead_letter(second: i64, key: &str) -> DeadLetter {
    DeadLetter { at: at(second), reason: "not_json".into(), key: key.into(), origin: "metrics.raw:1@2".into() }
}
