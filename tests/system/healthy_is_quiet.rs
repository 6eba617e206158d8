//! Two minutes of the default workload, live: nothing fires on either path, and nothing is lost.

use std::time::Duration;

use tidewatch_testkit::{Stack, StackOptions, skipped};
use tokio::time::{Instant, sleep};

use crate::monitoring_loop::{budgets_are_whole, everything_is_scraped_and_evaluated};

#[tokio::test]
async fn two_minutes_of_the_default_workload_raise_no_alert() {
    let stack = Stack::start(&StackOptions::new(env!("CARGO_BIN_EXE_tidewatch"), &["--broker", "in-process"])).await;
    // The elapsed time itself is what is tested.
    let end = Instant::now() + Duration::from_secs(120);
    while Instant::now() < end {
        sleep(Duration::from_secs(1)).await;
        let notifications = stack.notifications().await;
        assert!(notifications.is_empty(), "{notifications:?}");
    }
    let totals = stack.get("processor", "/status").await["totals"].clone();
    let count = |name: &str| totals[name].as_u64().unwrap();
    // Four services at 20 requests per second. If the machine stalls, requests are delayed but not skipped.
    assert!(count("processed") >= 4 * 20 * 110, "{totals}");
    assert_eq!((count("late"), count("dead_lettered")), (0, 0), "{totals}");
    assert!(stack.said().contains("nothing fires"), "{}", stack.said());
    assert!(!stack.said().contains("FIRING"), "{}", stack.said());
    if stack.has("prometheus") && stack.has("alertmanager") {
        everything_is_scraped_and_evaluated(&stack).await;
        let firing = stack.query("ALERTS{alertstate=\"firing\"}").await;
        let names: Vec<&str> = firing.iter().map(|(labels, _)| labels["alertname"].as_str()).collect();
        assert_eq!(names, ["Watchdog"], "it always fires, and notifies no person");
        budgets_are_whole(&stack).await;
    } else {
        skipped(
            "two_minutes_of_the_default_workload_raise_no_alert, with Prometheus",
            "needs prometheus and alertmanager",
        );
    }
}
