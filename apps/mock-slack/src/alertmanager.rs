//! A parser for Alertmanager's webhook, version 4.
use crate::notification::{Notification, Status};
use jiff::Timestamp;
use tidewatch_contract::AlertState;
use tidewatch_contract::http::alertmanager::{WEBHOOK_VERSION, Webhook, WebhookAlert};

/// Returns the notifications in a webhook's body, or the reason why it is invalid.
pub(crate) fn parse(body: &[u8], received_at: Timestamp) -> Result<Vec<Notification>, String> {
    let webhook: Webhook =
        serde_json::from_slice(body).map_err(|error| format!("not an Alertmanager webhook: {error}"))?;
    if webhook.version != WEBHOOK_VERSION {
        return Err(format!("webhook version {:?} is not known; send version {WEBHOOK_VERSION:?}", webhook.version));
    }
    Ok(webhook.alerts.into_iter().map(|alert| notification(alert, received_at)).collect())
}

fn notification(alert: WebhookAlert, received_at: Timestamp) -> Notification {
    let status = match alert.status {
        AlertState::Firing => Status::Firing,
        AlertState::Resolved => Status::Resolved,
    };
    let labels_as_name =
        || alert.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",");
    Notification {
        status,
        fingerprint: Some(alert.fingerprint.unwrap_or_else(labels_as_name)),
        labels: alert.labels,
        annotations: alert.annotations,
        starts_at: alert.starts_at,
        // The end of a firing alert is the zero time, or the time at which the sender lets it expire.
        ends_at: alert.ends_at.filter(|_| status == Status::Resolved),
        received_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    /// A webhook as Alertmanager 0.31 sends it.
    const BODY: &str = r#"{"receiver":"chat","status":"firing","alerts":[
        {"status":"firing","labels":{"alertname":"HighErrorRate","service":"auth-service"},
         "annotations":{"summary":"30 %"},"startsAt":"2026-01-02T03:04:05.678Z","endsAt":"0001-01-01T00:00:00Z",
         "generatorURL":"","fingerprint":"c0ffee"},
        {"status":"resolved","labels":{"alertname":"TrafficDrop"},"annotations":{},
         "startsAt":"2026-01-02T03:04:05+01:00","endsAt":"2026-01-02T03:05:05+01:00","generatorURL":""}],
        "groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://am","version":"4",
        "groupKey":"{}:{}","truncatedAlerts":0}"#;

    #[test]
    fn a_webhook_becomes_one_notification_per_alert() {
        let [firing, resolved] = parse(BODY.as_bytes(), AT).unwrap().try_into().unwrap();
        assert_eq!(firing.status, Status::Firing);
        assert_eq!(firing.labels["service"], "auth-service");
        assert_eq!(firing.annotations["summary"], "30 %");
        assert_eq!(firing.starts_at.unwrap().to_string(), "2026-01-02T03:04:05.678Z");
        assert_eq!(firing.ends_at, None);
        assert_eq!(firing.fingerprint.as_deref(), Some("c0ffee"));
        assert_eq!(resolved.ends_at.unwrap().to_string(), "2026-01-02T02:05:05Z");
        assert_eq!(resolved.fingerprint.as_deref(), Some("alertname=TrafficDrop"));
    }

    #[test]
    fn nulls_and_numbers_stand_where_texts_are_meant() {
        let body = r#"{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"Down","code":500},
            "annotations":null,"startsAt":"2026-01-02T03:04:05Z"},{"status":"firing","labels":null}]}"#;
        let [numbered, bare] = parse(body.as_bytes(), AT).unwrap().try_into().unwrap();
        assert_eq!((numbered.labels["code"].as_str(), numbered.annotations.len()), ("500", 0));
        assert_eq!((bare.labels.len(), bare.starts_at), (0, None));
        assert_eq!(parse(br#"{"version":"4","alerts":null}"#, AT).unwrap(), []);
    }

    #[test]
    fn fields_that_are_not_shown_may_hold_anything() {
        let body = r#"{"version":"4","groupKey":{},"truncatedAlerts":"0","status":"Firing","receiver":["chat"],
            "groupLabels":[1],"commonLabels":{"a":[1]},"commonAnnotations":"none","externalURL":{},
            "alerts":[{"status":"firing","labels":{"alertname":"Down"},"generatorURL":[]}]}"#;
        let [notification] = parse(body.as_bytes(), AT).unwrap().try_into().unwrap();
        assert_eq!(notification.labels["alertname"], "Down");
    }

    #[test]
    fn a_body_that_is_not_a_webhook_of_version_4_is_refused_with_the_reason() {
        for (body, reason) in [
            ("", "EOF"),
            ("{}", "version"),
            (r#"{"version":"3","alerts":[]}"#, "version \"3\""),
            (r#"{"version":"4","alerts":[{"status":"odd","labels":{}}]}"#, "odd"),
        ] {
            let error = parse(body.as_bytes(), AT).unwrap_err();
            assert!(error.contains(reason), "{body}: {error}");
        }
    }
}
