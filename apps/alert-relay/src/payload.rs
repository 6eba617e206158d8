//! The payloads that are sent: an alert's labels and annotations, Alertmanager's API v2 and its webhook format v4.
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tidewatch_contract::http::alertmanager::{NO_END, PostableAlert, WEBHOOK_VERSION, Webhook, WebhookAlert};
use tidewatch_contract::{AlertEvent, AlertState};
use tidewatch_service::printable;

/// How long Alertmanager keeps a firing alert that isn't sent again before it resolves it.
const FIRING_VALIDITY: Duration = Duration::from_secs(5 * 60);
type Labels = BTreeMap<String, String>;

/// Builds the body of a `POST /api/v2/alerts` that is sent at `now`.
pub(crate) fn alertmanager(events: &[Arc<AlertEvent>], now: Timestamp) -> Vec<PostableAlert> {
    let postable = |event: &Arc<AlertEvent>| PostableAlert {
        labels: labels(event),
        annotations: annotations(event),
        starts_at: event.started_at,
        ends_at: match event.state {
            AlertState::Firing => now + FIRING_VALIDITY,
            // Alertmanager considers an alert resolved once its end is past. The end must not be before the start.
            AlertState::Resolved => event.window_end.min(now).max(event.started_at),
        },
    };
    events.iter().map(postable).collect()
}

/// Builds the body of a webhook for these transitions of one [alertname, service].
pub(crate) fn webhook(events: &[Arc<AlertEvent>]) -> Webhook {
    let alerts: Vec<_> = events.iter().map(|event| webhook_alert(event)).collect();
    let fires = events.iter().any(|event| event.state == AlertState::Firing);
    let common_labels = common(alerts.iter().map(|alert| &alert.labels));
    let mut group_labels = common_labels.clone();
    group_labels.retain(|name, _| name == "alertname" || name == "service");
    let matchers: Vec<_> = group_labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    Webhook {
        version: WEBHOOK_VERSION.into(),
        group_key: format!("{{}}:{{{}}}", matchers.join(", ")),
        truncated_alerts: 0,
        status: Some(if fires { AlertState::Firing } else { AlertState::Resolved }),
        receiver: "tidewatch".into(),
        group_labels,
        common_annotations: common(alerts.iter().map(|alert| &alert.annotations)),
        common_labels,
        external_url: String::new(),
        alerts,
    }
}

fn webhook_alert(event: &AlertEvent) -> WebhookAlert {
    WebhookAlert {
        status: event.state,
        labels: labels(event),
        annotations: annotations(event),
        starts_at: Some(event.started_at),
        ends_at: Some(match event.state {
            AlertState::Firing => NO_END,
            AlertState::Resolved => event.window_end,
        }),
        generator_url: String::new(),
        fingerprint: Some(event.fingerprint.clone()),
    }
}

fn labels(event: &AlertEvent) -> Labels {
    // A group's label must not replace one that routing relies on.
    let mut labels = event.group.clone();
    for (name, value) in [
        ("alertname", event.rule.as_str()),
        ("severity", event.severity.as_str()),
        ("source", "tidewatch"),
        ("path", "fast"),
    ] {
        labels.insert(name.into(), value.into());
    }
    labels
}

fn annotations(event: &AlertEvent) -> Labels {
    let annotations = [
        // It is read in a chat or on a pager, where a service must not be able to forge another line.
        ("summary", printable(&event.summary).to_string()),
        ("runbook_url", event.runbook_url.clone()),
        ("value", event.value.to_string()),
        ("threshold", event.threshold.to_string()),
    ];
    annotations.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Returns the labels that all of them share.
fn common<'a>(mut all: impl Iterator<Item = &'a Labels>) -> Labels {
    let mut common = all.next().cloned().unwrap_or_default();
    for labels in all {
        common.retain(|name, value| labels.get(name) == Some(value));
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample::{at, firing, resolved};
    use serde_json::{Value, json};

    fn in_region(mut event: AlertEvent, region: &str) -> Arc<AlertEvent> {
        event.group.insert("region".into(), region.into());
        event.fingerprint.push_str(region);
        Arc::new(event)
    }

    #[test]
    fn labels_and_annotations_are_the_ones_that_routes_and_people_rely_on() {
        let event = in_region(firing("auth", 0), "us-east-1");
        let json = serde_json::to_value(alertmanager(&[event], at(7).wall)).unwrap();
        let expected = json!([{
            "labels": { "alertname": "HighErrorRate", "severity": "critical", "service": "auth", "region": "us-east-1",
                "source": "tidewatch", "path": "fast" },
            "annotations": { "summary": "31 % of auth's requests fail", "value": "0.31", "threshold": "0.05",
                "runbook_url": "https://example.org/runbooks/HighErrorRate.md" },
            "startsAt": at(0).wall.to_string(),
            "endsAt": at(307).wall.to_string(),
        }]);
        assert_eq!(json, expected);
    }

    #[test]
    fn a_summary_is_one_line_whatever_a_service_is_called() {
        let mut event = firing("auth", 0);
        event.summary = "31 % of a\n[RESOLVED] all\u{202e} fail\x1b[2J".into();
        assert_eq!(annotations(&event)["summary"], "31 % of a\\n[RESOLVED] all\\u{202e} fail\\x1b[2J");
    }

    #[test]
    fn a_groups_label_can_not_take_the_place_of_a_reserved_one() {
        let mut event = firing("auth", 0);
        event.group.insert("path".into(), "slow".into());
        assert_eq!(labels(&event)["path"], "fast");
    }

    #[test]
    fn a_resolved_alert_is_over_for_alertmanager_and_never_before_it_began() {
        let ends = |event: AlertEvent, now: u64| alertmanager(&[Arc::new(event)], at(now).wall)[0].ends_at;
        assert_eq!(ends(resolved("auth", 0, 60), 90), at(60).wall);
        assert_eq!(ends(resolved("auth", 0, 60), 30), at(30).wall, "its window ends in the future by this clock");
        assert_eq!(ends(resolved("auth", 50, 60), 30), at(50).wall);
    }

    #[test]
    fn a_webhook_is_what_alertmanager_would_send() {
        let events = [in_region(firing("auth", 0), "a"), in_region(resolved("auth", 0, 60), "b")];
        let json = serde_json::to_value(webhook(&events)).unwrap();
        assert_eq!((&json["version"], &json["status"]), (&json!("4"), &json!("firing")));
        assert_eq!(json["groupKey"], r#"{}:{alertname="HighErrorRate", service="auth"}"#);
        assert_eq!(json["groupLabels"], json!({ "alertname": "HighErrorRate", "service": "auth" }));
        assert_eq!((&json["commonLabels"]["path"], &json["commonLabels"]["region"]), (&json!("fast"), &Value::Null));
        let [firing, resolved] = [&json["alerts"][0], &json["alerts"][1]];
        assert_eq!((&firing["status"], &firing["endsAt"]), (&json!("firing"), &json!("0001-01-01T00:00:00Z")));
        assert_eq!((&resolved["status"], &resolved["endsAt"]), (&json!("resolved"), &json!(at(60).wall.to_string())));
        assert_eq!(resolved["startsAt"], firing["startsAt"]);
        assert_eq!(firing["fingerprint"], events[0].fingerprint);

        let over = serde_json::to_value(webhook(&events[1..])).unwrap();
        assert_eq!(over["status"], "resolved");
    }
}
