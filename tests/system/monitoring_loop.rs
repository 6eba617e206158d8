//! The loop through a real Prometheus and Alertmanager: stream, bridge, rules, grouping, inhibition, notification.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tidewatch_contract::http::mock_slack::{Notification, NotificationStatus};
use tidewatch_platform::SERVICES;
use tidewatch_servers::alertmanager::{Alertmanager, Receivers};
use tidewatch_servers::process::Port;
use tidewatch_servers::prometheus::{self, Prometheus};
use tidewatch_servers::{Installation, Running, rules};
use tidewatch_testkit::{Stack, StackOptions, eventually, program};

const BROKEN: &str = "payment-service";
const SLO: &str = "payment-service-availability";
const PAGE: &str = "ErrorBudgetBurnPage";
const TICKET: &str = "ErrorBudgetBurnTicket";

/// With a scale of 60, the page's short window is 5 s and the ticket's is two minutes.
#[tokio::test]
async fn a_page_and_a_ticket_fire_and_resolve_on_the_real_servers() {
    let test = "a_page_and_a_ticket_fire_and_resolve_on_the_real_servers";
    if program("prometheus", test).is_none() || program("alertmanager", test).is_none() {
        return;
    }
    // No errors but the injected ones: in so short a time, even a single one would matter.
    let flags = ["--broker", "in-process", "--slo-scale", "60", "--error-rate", "0"];
    let stack = Stack::start(&StackOptions::new(env!("CARGO_BIN_EXE_tidewatch"), &flags)).await;
    everything_is_scraped_and_evaluated(&stack).await;
    budgets_are_whole(&stack).await;
    assert_eq!(stack.query("ALERTS{alertname!=\"Watchdog\"}").await, [], "nothing is broken yet");

    assert!(stack.run(&["break", BROKEN, "--error-rate", "30%"]).await.status.success());
    let broken_at = Timestamp::now();
    let fast = stack.notified("HighErrorRate", BROKEN, NotificationStatus::Firing, Duration::from_secs(60)).await;
    assert_eq!(fast.labels["path"], "fast");
    let seconds = fast.received_at.duration_since(broken_at).as_secs_f64();
    assert!(seconds <= 30.0, "notified after {seconds:.1} s");

    let page = notified(&stack, PAGE, NotificationStatus::Firing, Duration::from_secs(120)).await;
    assert_eq!(page.labels["severity"], "critical");
    eventually("the ticket fires too, and is inhibited", Duration::from_secs(60), async || {
        (inhibited(&stack, TICKET).await? == vec![true; 2]).then_some(())
    })
    .await;
    let all = stack.notifications().await;
    assert!(!all.iter().any(|one| one.label("alertname") == TICKET), "the page inhibits it");
    // The records for the longest windows, which the budget is computed from, come later than those for the alerts.
    let less = format!("slo:error_budget_remaining:ratio{{slo=\"{SLO}\"}} < 1");
    eventually("less of the budget is left", Duration::from_secs(60), async || {
        (stack.query(&less).await.len() == 1).then_some(())
    })
    .await;

    assert!(stack.run(&["heal"]).await.status.success());
    let healed_at = Timestamp::now();
    let resolved =
        stack.notified("HighErrorRate", BROKEN, NotificationStatus::Resolved, Duration::from_secs(120)).await;
    let seconds_to_resolved = resolved.received_at.duration_since(healed_at).as_secs_f64();
    assert!(seconds_to_resolved <= 95.0, "resolved after {seconds_to_resolved:.1} s");
    let page_resolved = notified(&stack, PAGE, NotificationStatus::Resolved, Duration::from_secs(180)).await;
    let ticket = notified(&stack, TICKET, NotificationStatus::Firing, Duration::from_secs(180)).await;
    let ticket_resolved = notified(&stack, TICKET, NotificationStatus::Resolved, Duration::from_secs(300)).await;
    let since = |from: Timestamp, one: &Notification| one.received_at.duration_since(from).as_secs_f64();
    println!(
        "fast {seconds:.1} s, page {:.1} s; after healing: fast {seconds_to_resolved:.1} s, page {:.1} s, \
         ticket fired {:.1} s, resolved {:.1} s",
        since(broken_at, &page),
        since(healed_at, &page_resolved),
        since(healed_at, &ticket),
        since(healed_at, &ticket_resolved),
    );
    let all = stack.notifications().await;
    assert!(all.iter().all(|one| one.label("service") == BROKEN), "{all:#?}");
}

#[tokio::test]
async fn an_alertmanager_that_lost_its_alerts_receives_them_again() {
    let test = "an_alertmanager_that_lost_its_alerts_receives_them_again";
    let Some(prometheus_program) = program("prometheus", test) else { return };
    let Some(alertmanager_program) = program("alertmanager", test) else { return };
    let dir = tempfile::tempdir().unwrap();
    let (am_dir, port) = (dir.path().join("alertmanager"), Port::free());
    let installation = Installation::of("alertmanager", alertmanager_program);
    let receivers = Receivers::Webhook("http://127.0.0.1:1/webhook".into());
    let server = Alertmanager { installation, receivers };
    let mut am = Running::start(&server, &am_dir, Port::Fixed(port)).await.unwrap();
    let config = prometheus::Config {
        scrape_interval: Duration::from_secs(1),
        targets: Vec::new(),
        rules: rules(),
        alertmanager: Some(port),
    };
    let installation = Installation::of("prometheus", prometheus_program);
    let server = Prometheus { installation, config };
    let _prometheus = Running::start(&server, dir.path(), Port::Free).await.unwrap();
    let url = format!("{}/api/v2/alerts?filter=alertname%3DWatchdog", am.url());
    let watchdog = async || {
        let alerts: Vec<Value> = reqwest::get(&url).await.ok()?.json().await.ok()?;
        (!alerts.is_empty()).then_some(())
    };
    // An alert that fires before Prometheus knows its Alertmanager is lost, and is sent again at the first evaluation
    // after a minute.
    let repeated = Duration::from_secs(120);
    eventually("Watchdog is there", repeated, watchdog).await;
    std::fs::remove_dir_all(am_dir.join("data")).unwrap();
    am.restart().await.unwrap();
    assert_eq!(watchdog().await, None, "it has lost its alerts");
    eventually("Watchdog is there again", repeated, watchdog).await;
}

/// Waits until every target is scraped and every rule is evaluated without errors.
pub(crate) async fn everything_is_scraped_and_evaluated(stack: &Stack) {
    eventually("every target is scraped", Duration::from_secs(60), async || {
        let up = stack.query("up").await;
        // With Prometheus and Alertmanager.
        (up.len() == SERVICES.len() + 2 && up.iter().all(|(_, up)| *up == 1.0)).then_some(())
    })
    .await;
    // The records for the longest windows are evaluated every two minutes.
    eventually("every rule is evaluated", Duration::from_secs(150), async || {
        let groups = stack.get("prometheus", "/api/v1/rules").await["data"]["groups"].clone();
        let rules: Vec<Value> =
            groups.as_array()?.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect();
        let failing: Vec<_> = rules.iter().filter(|rule| rule["health"] == "err").collect();
        assert!(failing.is_empty(), "{failing:#?}");
        (!rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok")).then_some(())
    })
    .await;
}

/// Asserts that every SLO has nearly all of its budget. The budget exists at the latest after the second evaluation of
/// the records for the longest windows.
pub(crate) async fn budgets_are_whole(stack: &Stack) {
    let budgets = eventually("every SLO has a budget", Duration::from_secs(150), async || {
        let budgets = stack.query("slo:error_budget_remaining:ratio").await;
        (budgets.len() == 8).then_some(budgets)
    })
    .await;
    assert!(budgets.iter().all(|(_, left)| *left > 0.99), "{budgets:?}");
}

/// Waits for a notification of the broken service's availability SLO.
async fn notified(stack: &Stack, rule: &str, status: NotificationStatus, limit: Duration) -> Notification {
    let what = format!("{rule} {} for {SLO}; up said:\n{}", status.as_str(), stack.said());
    eventually(&what, limit, async || {
        let mut all = stack.notifications().await.into_iter();
        all.find(|one| one.label("alertname") == rule && one.status == status && one.label("slo") == SLO)
    })
    .await
}

/// Returns, for each of the SLO's alerts of this name, whether Alertmanager inhibits it because of another alert.
async fn inhibited(stack: &Stack, rule: &str) -> Option<Vec<bool>> {
    let alerts = stack.get("alertmanager", "/api/v2/alerts").await;
    let of_slo = |alert: &&Value| alert["labels"]["alertname"] == rule && alert["labels"]["slo"] == SLO;
    let held = |alert: &Value| Some(!alert["status"]["inhibitedBy"].as_array()?.is_empty());
    alerts.as_array()?.iter().filter(of_slo).map(held).collect()
}
