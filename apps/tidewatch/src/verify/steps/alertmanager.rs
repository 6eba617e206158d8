//! Prometheus sends alerts to Alertmanager, as the Watchdog alert, which always fires, proves.

use std::sync::Arc;

use tidewatch_client::prometheus::ALERTMANAGERS;
use tidewatch_contract::http::alertmanager::{ALERTS, GettableAlert};

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::{lacks, until};

const WATCHDOG: &str = "Watchdog";

/// Repeats until Prometheus knows an Alertmanager.
pub(in super::super) async fn known(stack: Arc<Stack>, note: Note) -> Verdict {
    if stack.alertmanager.is_none() {
        return lacks("alertmanager");
    }
    let Some(prometheus) = &stack.prometheus else { return lacks("prometheus") };
    until(&note, async || {
        let wrong =
            |seen| Failure::new("Prometheus knows an Alertmanager", seen, stack.curl("prometheus", ALERTMANAGERS));
        match prometheus.alertmanagers().await {
            Ok(known) if known.is_empty() => Err(wrong("none: alerting.alertmanagers is empty or wrong".to_owned())),
            Ok(known) => Ok(known.join(", ")),
            Err(error) => Err(wrong(format!("{error:#}"))),
        }
    })
    .await
}

/// Repeats until Alertmanager has the Watchdog alert. Prometheus sends it again after a minute; if it evaluates its
/// rules before it knows an Alertmanager, the first one is lost.
pub(in super::super) async fn notified(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(alertmanager) = &stack.alertmanager else { return lacks("alertmanager") };
    if stack.prometheus.is_none() {
        return lacks("prometheus");
    }
    until(&note, async || {
        let expected = "Watchdog, which always fires, has reached Alertmanager from Prometheus";
        let wrong = |seen| Failure::new(expected, seen, stack.curl("alertmanager", ALERTS));
        match alertmanager.alerts().await {
            Ok(alerts) if fires(&alerts) => Ok(String::new()),
            Ok(alerts) => Err(wrong(format!(
                "{} has {} alerts, but Watchdog is not among them",
                alertmanager.base(),
                alerts.len()
            ))),
            Err(error) => Err(wrong(format!("{error:#}"))),
        }
    })
    .await
}

fn fires(alerts: &[GettableAlert]) -> bool {
    alerts.iter().any(|alert| alert.labels.get("alertname").is_some_and(|name| name == WATCHDOG))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_watchdog_itself_counts() {
        let alerts = |name| -> Vec<GettableAlert> {
            serde_json::from_value(json!([{"labels": {"alertname": name}, "receivers": []}])).unwrap()
        };
        assert!(fires(&alerts("Watchdog")));
        assert!(!fires(&alerts("TargetDown")));
        assert!(!fires(&[]));
    }
}
