//! Alertmanager's route leads to the webhook: a test alert that is posted arrives there, and so does its resolution.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tidewatch_client::{Alertmanager, MockSlack};
use tidewatch_contract::http::alertmanager::{GettableAlert, PostableAlert};
use tidewatch_contract::http::mock_slack::NotificationStatus;
use tokio::time::{Instant, sleep};

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::lacks;

/// Name of the test alert. No rule uses it.
pub(super) const ALERT: &str = "TidewatchVerify";
/// The label that distinguishes one run of the check from another.
const RUN: &str = "run";
/// The fast path's route doesn't delay a new group, and delays a group that was notified recently by 5 s.
const LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(200);
/// Alertmanager resolves the test alert by itself after this time, in case this process is killed.
const LIFE: Duration = Duration::from_secs(60);

/// Posts the alert, waits for it, resolves it, and waits for the resolution.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note) -> Verdict {
    let Some(alertmanager) = &stack.alertmanager else { return lacks("alertmanager") };
    let Some(mock_slack) = &stack.mock_slack else { return lacks("mock_slack") };
    let begins = Timestamp::now();
    // Unique to this check, in case two run at the same time.
    let run = begins.as_microsecond().to_string();
    for (status, ends) in [(NotificationStatus::Firing, begins + LIFE), (NotificationStatus::Resolved, begins)] {
        // An alert that ends when it is posted must not end before it began.
        let ends = ends.max(if status == NotificationStatus::Resolved { Timestamp::now() } else { ends });
        let posted = Instant::now();
        if let Err(error) = alertmanager.post(&[alert(&run, begins, ends)]).await {
            return failed(&stack, format!("{error:#}"));
        }
        match notified(&stack, mock_slack, alertmanager, status, &run).await {
            Ok(()) => note.took(
                if status == NotificationStatus::Firing { "told" } else { "resolved" },
                posted.elapsed().as_secs_f64(),
                Some(LIMIT.as_secs_f64()),
            ),
            Err(verdict) => return verdict,
        }
    }
    Verdict::Passed("a test alert and its end reached the webhook".to_owned())
}

fn alert(run: &str, starts_at: Timestamp, ends_at: Timestamp) -> PostableAlert {
    let map =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    PostableAlert {
        labels: map(&[
            ("alertname", ALERT),
            ("severity", "info"),
            ("source", "tidewatch"),
            ("path", "fast"),
            ("service", "verify"),
            (RUN, run),
        ]),
        annotations: map(&[("summary", "A test of the route by `tidewatch verify`: nothing to do")]),
        starts_at,
        ends_at,
    }
}

async fn notified(
    stack: &Stack,
    mock_slack: &MockSlack,
    alertmanager: &Alertmanager,
    status: NotificationStatus,
    run: &str,
) -> Result<(), Verdict> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let all = mock_slack.notifications().await;
        if let Ok(all) = &all
            && all.iter().any(|one| one.label("alertname") == ALERT && one.status == status && one.label(RUN) == run)
        {
            return Ok(());
        }
        if Instant::now() > deadline {
            let seen = match all {
                Err(error) => format!("{error:#}"),
                Ok(_) => {
                    let alerts = alertmanager.alerts().await.unwrap_or_default();
                    format!(
                        "mock-slack was not notified that the alert is {} within {} s; {}",
                        status.as_str(),
                        LIMIT.as_secs(),
                        routed(&alerts)
                    )
                }
            };
            return Err(failed(stack, seen));
        }
        sleep(POLL).await;
    }
}

fn failed(stack: &Stack, seen: String) -> Verdict {
    let expected =
        "an alert with source=tidewatch, path=fast that is posted to Alertmanager reaches mock-slack's /webhook";
    Verdict::Failed(Failure::new(expected, seen, stack.curl("alertmanager", "/api/v2/status")))
}

/// Describes the receivers that Alertmanager's route leads to.
fn routed(alerts: &[GettableAlert]) -> String {
    let own = alerts.iter().find(|alert| alert.labels.get("alertname").is_some_and(|name| name == ALERT));
    let names = own.map(|alert| alert.receivers.iter().map(|receiver| receiver.name.as_str()).collect::<Vec<_>>());
    match names {
        None => "Alertmanager does not have the alert".to_owned(),
        Some(names) => format!("Alertmanager's route leads it to the receiver {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_receiver_that_the_route_leads_to_is_named() {
        let alerts: Vec<GettableAlert> =
            serde_json::from_value(json!([{"labels": {"alertname": ALERT}, "receivers": [{"name": "nobody"}]}]))
                .unwrap();
        assert_eq!(routed(&alerts), "Alertmanager's route leads it to the receiver nobody");
        assert_eq!(routed(&[]), "Alertmanager does not have the alert");
    }

    #[test]
    fn the_test_alert_takes_the_fast_paths_route() {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let json = serde_json::to_value(alert("7", at, at)).unwrap();
        assert_eq!(
            json["labels"],
            json!({
                "alertname": ALERT, "severity": "info", "source": "tidewatch", "path": "fast",
                "service": "verify", "run": "7",
            })
        );
        assert_eq!(json["startsAt"], "2027-01-15T08:00:00Z");
    }
}
