//! Prometheus tells Alertmanager, which the Watchdog alert proves: it fires always.

use std::sync::Arc;

use super::super::alertmanager::Alert;
use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::{lacks, until};

const WATCHDOG: &str = "Watchdog";

/// Asks both until the Watchdog has come through.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(alertmanager) = &stack.alertmanager else { return lacks("alertmanager") };
    let Some(prometheus) = &stack.prometheus else { return lacks("prometheus") };
    until(&note, async || {
        let path = "/api/v1/alertmanagers";
        let expected = "Prometheus tells an Alertmanager of its alerts";
        let wrong = |seen: String| Failure::new(expected, seen, prometheus.curl(path));
        let told = prometheus.alertmanagers().await.map_err(|error| wrong(format!("{error:#}")))?;
        if told.is_empty() {
            return Err(wrong("it knows none: its alerting.alertmanagers is empty or wrong".to_owned()));
        }
        let expected = "Watchdog, which fires always, fires in Alertmanager";
        let wrong = |seen: String| Failure::new(expected, seen, alertmanager.curl("/api/v2/alerts"));
        let alerts = alertmanager.alerts().await.map_err(|error| wrong(format!("{error:#}")))?;
        let seen = format!("it doesn't in {}; Prometheus tells {}", alertmanager.url(), told.join(", "));
        if fires(&alerts) {
            Ok(format!("Watchdog fires; told by {}", prometheus_says(&told)))
        } else {
            Err(wrong(seen))
        }
    })
    .await
}

fn fires(alerts: &[Alert]) -> bool {
    alerts.iter().any(|alert| alert.labels.get("alertname").is_some_and(|name| name == WATCHDOG))
}

fn prometheus_says(told: &[String]) -> String {
    format!("Prometheus, which knows {}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_watchdog_itself_counts() {
        let alerts = |name| -> Vec<Alert> {
            serde_json::from_value(json!([{"labels": {"alertname": name}, "receivers": []}])).unwrap()
        };
        assert!(fires(&alerts("Watchdog")));
        assert!(!fires(&alerts("TargetDown")));
        assert!(!fires(&[]));
    }
}
