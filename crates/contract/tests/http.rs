//! The services' JSON is unchanged, byte for byte: each file holds a service's response from before its types were
//! shared.
#![allow(clippy::unwrap_used)]

use serde::Serialize;
use serde::de::DeserializeOwned;
use tidewatch_contract::http::admin::Readiness;
use tidewatch_contract::http::alertmanager::{GettableAlert, NO_END, PostableAlert, Webhook};
use tidewatch_contract::http::mock_slack::{Notification, NotificationStatus};
use tidewatch_contract::http::simulator::{Fault, FaultKind, FaultRequest, Faults, Healed, Refusal, Services};
use tidewatch_contract::http::{console, processor};

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Reads the response and writes it again.
fn rewritten<T: Serialize + DeserializeOwned>(answer: &str) -> String {
    json(&serde_json::from_str::<T>(answer).unwrap())
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

#[test]
fn a_fault_is_requested_by_its_kind_and_size() {
    for (kind, value, body) in [
        (FaultKind::Latency, 10.0, r#"{"latency":10.0}"#),
        (FaultKind::ErrorRate, 0.3, r#"{"error_rate":0.3}"#),
        (FaultKind::Silence, 1.0, r#"{"silence":true}"#),
        (FaultKind::Skew, -120.0, r#"{"skew_seconds":-120.0}"#),
        (FaultKind::Malformed, 0.3, r#"{"malformed":0.3}"#),
    ] {
        assert_eq!(serde_json::to_string(&FaultRequest::new(kind, value)).unwrap(), body);
        assert_eq!(serde_json::from_str::<FaultRequest>(body).unwrap().fault(), Some((kind, value)));
    }
    let lasting = FaultRequest::new(FaultKind::Silence, 1.0).lasting(60.0);
    assert_eq!(rewritten::<FaultRequest>(r#"{"for_seconds":60.0,"silence":true}"#), json(&lasting));
}

#[test]
fn a_request_for_no_fault_for_two_or_for_an_unknown_one_is_not_a_fault() {
    for body in ["{}", r#"{"for_seconds": 60}"#, r#"{"latency": 2, "silence": true}"#] {
        assert_eq!(serde_json::from_str::<FaultRequest>(body).unwrap().fault(), None, "{body}");
    }
    assert!(serde_json::from_str::<FaultRequest>(r#"{"latencies": 2}"#).unwrap_err().to_string().contains("latencies"));
}

#[test]
fn the_consoles_status() {
    let answer = include_str!("http/console.json").trim_end();
    assert_eq!(rewritten::<console::Status>(answer), answer);
    let status: console::Status = serde_json::from_str(answer).unwrap();
    for service in status.services.values() {
        assert_eq!(serde_json::to_value(service.state).unwrap(), service.state.as_str());
    }
    assert_eq!(json(&console::Totals::default()).matches("null").count(), 7);
}

#[test]
fn a_service_without_a_state_and_one_of_a_later_version_are_unknown() {
    for state in ["", r#", "state": "learning""#] {
        let service = format!(r#"{{"rate": 1, "error_ratio": null, "firing": []{state}}}"#);
        let service: console::Service = serde_json::from_str(&service).unwrap();
        assert_eq!((service.state, service.reason), (console::ServiceState::Unknown, None));
    }
}

#[test]
fn a_services_readiness() {
    let answer = include_str!("http/readiness.json").trim_end();
    assert_eq!(rewritten::<Readiness>(answer), answer);
}

#[test]
fn alertmanagers_webhook_and_alerts() {
    let webhook = include_str!("http/webhook.json").trim_end();
    assert_eq!(rewritten::<Webhook>(webhook), webhook);
    let webhook: Webhook = serde_json::from_str(webhook).unwrap();
    assert_eq!(webhook.alerts[0].ends_at, Some(NO_END));
    let alerts = include_str!("http/postable_alerts.json").trim_end();
    assert_eq!(rewritten::<Vec<PostableAlert>>(alerts), alerts);
    let answer = r#"[{"labels": {"alertname": "A"}, "receivers": [{"name": "chat"}], "status": {"state": "active"}}]"#;
    let [alert]: [GettableAlert; 1] = serde_json::from_str(answer).unwrap();
    assert_eq!((alert.labels["alertname"].as_str(), alert.receivers[0].name.as_str()), ("A", "chat"));
}
