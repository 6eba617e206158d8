//! No alert fires: none during a minute of the healthy workload, and afterwards only those that the faults explain.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tidewatch_client::prometheus::{self, AlertState};
use tidewatch_contract::http::alertmanager;
use tidewatch_contract::http::mock_slack::NotificationStatus;
use tidewatch_contract::http::processor::STATUS;
use tokio::time::{Instant, sleep};

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::explained::{Alert, list};
use crate::processor;
use crate::simulator::Faults;

/// How long nothing may fire.
const QUIET: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_secs(1);

/// Firing alerts by their meaning for a healthy workload.
#[derive(Debug, Default, PartialEq)]
struct Firing {
    /// No fault explains them.
    unexplained: BTreeSet<Alert>,
    /// Caused by a fault that was healed; they will resolve.
    lingering: BTreeSet<Alert>,
    /// Error budgets that a fault has spent; their alerts fire for hours.
    budgets: BTreeSet<Alert>,
}

/// Waits until the alerts of earlier faults are over, and then for a minute without an alert.
pub(in super::super) async fn before(stack: Arc<Stack>, note: Note) -> Verdict {
    let expected = "no alert fires in 60 s of the healthy workload, nor did one before";
    let mut quiet_since = None;
    loop {
        let firing = match firing(&stack).await {
            Ok((alerts, faults)) => sort(&alerts, &faults),
            Err(error) => {
                return Verdict::Failed(Failure::new(expected, format!("{error:#}"), stack.curl("processor", STATUS)));
            }
        };
        if !firing.unexplained.is_empty() {
            return Verdict::Failed(Failure::new(
                expected,
                format!("{} fires", list(&firing.unexplained)),
                more(&stack),
            ));
        }
        if !firing.lingering.is_empty() {
            quiet_since = None;
            let seen =
                format!("{} still fires from a fault that was healed: wait until it is over", list(&firing.lingering));
            note.not_yet(Failure::new(expected, seen, more(&stack)));
        } else {
            let since = *quiet_since.get_or_insert_with(Instant::now);
            let left = QUIET.saturating_sub(since.elapsed());
            if left.is_zero() {
                return Verdict::Passed(detail(&firing.budgets));
            }
            let seen = format!("nothing fired for {} s before the time ran out", since.elapsed().as_secs());
            note.not_yet(Failure::new(expected, seen, more(&stack)));
            note.doing(format!("{} s to go", left.as_secs()));
        }
        sleep(POLL).await;
    }
}

/// Checks once whether there was any alert that the faults don't explain.
pub(in super::super) async fn after(stack: Arc<Stack>, _: Note) -> Verdict {
    let expected = "no alert except those of the faults, in their services";
    match firing(&stack).await {
        Ok((alerts, faults)) => {
            let Firing { unexplained, budgets, .. } = sort(&alerts, &faults);
            if unexplained.is_empty() {
                return Verdict::Passed(detail(&budgets));
            }
            Verdict::Failed(Failure::new(expected, format!("{} fired as well", list(&unexplained)), more(&stack)))
        }
        Err(error) => Verdict::Failed(Failure::new(expected, format!("{error:#}"), more(&stack))),
    }
}

fn detail(budgets: &BTreeSet<Alert>) -> String {
    if budgets.is_empty() { String::new() } else { format!("but budgets that faults have spent: {}", list(budgets)) }
}

fn more(stack: &Stack) -> String {
    match (&stack.alertmanager, &stack.prometheus) {
        (Some(_), _) => stack.curl("alertmanager", alertmanager::ALERTS),
        (None, Some(_)) => stack.curl("prometheus", prometheus::ALERTS),
        (None, None) => stack.curl("processor", STATUS),
    }
}

/// Returns the alerts that are firing or were notified since this check started, and all faults ever injected.
async fn firing(stack: &Stack) -> anyhow::Result<(BTreeSet<Alert>, Faults)> {
    let mut alerts: BTreeSet<Alert> = processor::firing(&stack.processor.status().await?)
        .into_iter()
        .map(|(rule, service)| Alert::new(rule, service))
        .collect();
    let labelled = |labels: &std::collections::BTreeMap<String, String>| {
        let label = |name| labels.get(name).cloned().unwrap_or_default();
        Alert::new(label("alertname"), label("service"))
    };
    if let Some(prometheus) = &stack.prometheus {
        let firing = prometheus.alerts().await?.into_iter().filter(|alert| alert.state == AlertState::Firing);
        alerts.extend(firing.map(|alert| labelled(&alert.labels)));
    }
    if let Some(alertmanager) = &stack.alertmanager {
        alerts.extend(alertmanager.alerts().await?.iter().map(|alert| labelled(&alert.labels)));
    }
    if let Some(mock_slack) = &stack.mock_slack {
        let notifications = mock_slack.notifications().await?;
        let lately = notifications
            .iter()
            .filter(|one| one.status == NotificationStatus::Firing && one.received_at >= stack.began);
        alerts.extend(lately.map(|one| Alert::new(one.label("alertname"), one.label("service"))));
    }
    let faults = match &stack.simulator {
        Some(simulator) => simulator.faults().await?,
        None => Faults::default(),
    };
    Ok((alerts, faults))
}

fn sort(alerts: &BTreeSet<Alert>, faults: &Faults) -> Firing {
    let mut firing = Firing::default();
    for alert in alerts.iter().filter(|alert| !alert.is_expected()) {
        let explained = alert.is_explained_by(faults.active.iter().chain(&faults.history));
        let kind = match (explained, alert.is_budget()) {
            (true, true) => &mut firing.budgets,
            (true, false) => &mut firing.lingering,
            (false, _) => &mut firing.unexplained,
        };
        kind.insert(alert.clone());
    }
    firing
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn alerts_are_sorted_by_the_faults_that_explain_them() {
        let faults: Faults = serde_json::from_value(json!({
            "active": [],
            "history": [{
                "service": "auth", "region": null, "kind": "error_rate",
                "injected_at": "2026-11-21T10:00:00Z", "healed_at": "2026-11-21T10:01:00Z",
            }],
        }))
        .unwrap();
        let alerts = |list: &[(&str, &str)]| -> BTreeSet<Alert> {
            list.iter().map(|(name, service)| Alert::new(*name, *service)).collect()
        };
        let all = alerts(&[
            ("Watchdog", ""),
            ("HighErrorRate", "auth"),
            ("ErrorBudgetBurnPage", "auth"),
            ("ErrorBudgetBurnPage", "pay"),
            ("TargetDown", ""),
        ]);
        let expected = Firing {
            unexplained: alerts(&[("ErrorBudgetBurnPage", "pay"), ("TargetDown", "")]),
            lingering: alerts(&[("HighErrorRate", "auth")]),
            budgets: alerts(&[("ErrorBudgetBurnPage", "auth")]),
        };
        assert_eq!(sort(&all, &faults), expected);
        assert_eq!(list(&expected.unexplained), "ErrorBudgetBurnPage for pay, TargetDown");
    }
}
