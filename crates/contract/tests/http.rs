//! The services' JSON is unchanged, byte for byte: each file holds a service's response from before its types were
//! shared.
#![allow(clippy::unwrap_used)]

use serde::Serialize;
use serde::de::DeserializeOwned;
use tidewatch_contract::http::mock_slack::{Notification, NotificationStatus};
use tidewatch_contract::http::processor;
use tidewatch_contract::http::simulator::{Fault, FaultKind, Faults, Healed, Refusal, Services};

/// Reads the response and writes it again.
fn rewritten<T: Serialize + DeserializeOwned>(answer: &str) -> String {
    serde_json::to_string(&serde_json::from_str::<T>(answer).unwrap()).unwrap()
}

#[test]
fn the_processors_status() {
    let answer = include_str!("http/status.json").trim_end();
    assert_eq!(rewritten::<processor::Status>(answer), answer);
    let status: processor::Status = serde_json::from_str(answer).unwrap();
    assert_eq!(processor::Totals::of(&status.partitions), status.totals);
    for rule in status.groups[0].rules.values() {
        assert_eq!(serde_json::to_value(rule.state).unwrap(), rule.state.as_str());
    }
}

#[test]
fn a_rules_state_of_a_later_version_is_unknown() {
    let rule: processor::RuleView =
        serde_json::from_str(r#"{"state": "learning", "value": null, "threshold": 5}"#).unwrap();
    assert_eq!((rule.state, rule.value, rule.threshold), (processor::RuleStatus::Unknown, None, Some(5.0)));
}

#[test]
fn an_answer_of_an_earlier_version_lacks_the_fields_that_came_later() {
    let answer = r#"{"partitions": [{"partition": 1, "position": 7, "high": 9, "lag": 2}], "groups": []}"#;
    let status: processor::Status = serde_json::from_str(answer).unwrap();
    assert_eq!((status.partitions[0].holes, status.partitions[0].watermark), (0, None));
    assert_eq!(status.totals, processor::Totals::default());
}

#[test]
fn mock_slacks_notifications() {
    let answer = include_str!("http/notifications.json").trim_end();
    assert_eq!(rewritten::<Vec<Notification>>(answer), answer);
    for status in [NotificationStatus::Firing, NotificationStatus::Resolved, NotificationStatus::Message] {
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
}

#[test]
fn a_notifications_status_of_a_later_version_is_unknown() {
    let answer = r#"{"status": "acknowledged", "received_at": "2027-01-15T08:01:01Z"}"#;
    let notification: Notification = serde_json::from_str(answer).unwrap();
    assert_eq!((notification.status, notification.label("service")), (NotificationStatus::Unknown, ""));
}

/// Reads the response and writes it again with its keys in alphabetical order, as the simulator does for lists of
/// faults.
fn rewritten_in_order<T: Serialize + DeserializeOwned>(answer: &str) -> String {
    serde_json::to_value(serde_json::from_str::<T>(answer).unwrap()).unwrap().to_string()
}

#[test]
fn the_simulators_services_and_faults() {
    let [fault, services] = [include_str!("http/fault.json"), include_str!("http/services.json")].map(str::trim_end);
    assert_eq!(rewritten::<Fault>(fault), fault);
    assert_eq!(rewritten::<Services>(services), services);
    let [faults, healed] = [include_str!("http/faults.json"), include_str!("http/healed.json")].map(str::trim_end);
    assert_eq!(rewritten_in_order::<Faults>(faults), faults);
    assert_eq!(rewritten_in_order::<Healed>(healed), healed);
    assert_eq!(rewritten::<Refusal>(r#"{"error":"no"}"#), r#"{"error":"no"}"#);
    for kind in FaultKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}

#[test]
fn a_faults_kind_of_a_later_version_is_unknown() {
    let answer = r#"{"service": "pay", "region": null, "kind": "partition", "injected_at": "2027-01-15T08:00:00Z"}"#;
    assert_eq!(serde_json::from_str::<Fault>(answer).unwrap().kind, FaultKind::Unknown);
}

#[test]
fn faults_are_listed_once_in_the_order_of_injection() {
    let fault = |id: u64, at: &str| {
        format!(
            r#"{{"id": "{id}", "service": "a", "region": null, "kind": "silence", "value": 1, "injected_at": "{at}"}}"#
        )
    };
    let (first, second) = (fault(1, "2026-01-01T00:00:00Z"), fault(2, "2026-01-01T00:01:00Z"));
    let faults: Faults =
        serde_json::from_str(&format!(r#"{{"active": [{second}], "history": [{second}, {first}]}}"#)).unwrap();
    assert_eq!(faults.all().iter().map(|fault| fault.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
}
