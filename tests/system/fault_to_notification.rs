//! Every fault injected with `tidewatch break` is notified in time, start and end, by its own alert and no other. Only
//! the fast path counts here, straight to mock-slack; `monitoring_loop` covers the way through Prometheus and
//! Alertmanager.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use tidewatch_contract::http::mock_slack::{Notification, NotificationStatus};
use tidewatch_testkit::{Stack, StackOptions, eventually, kafka};

const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "us-west-2"];

/// A fault in a service of its own, so that all faults can be injected at once.
struct Fault {
    service: &'static str,
    flags: &'static [&'static str],
    /// The regions that it affects.
    regions: &'static [&'static str],
    rule: &'static str,
    /// Promised seconds until the notification.
    within: f64,
}

const FAULTS: [Fault; 4] = [
    Fault {
        service: "payment-service",
        flags: &["--latency", "10"],
        regions: &REGIONS,
        rule: "HighLatencyP99",
        within: 30.0,
    },
    Fault {
        service: "auth-service",
        flags: &["--error-rate", "0.3", "--region", "eu-west-1"],
        regions: &["eu-west-1"],
        rule: "HighErrorRate",
        within: 30.0,
    },
    Fault { service: "user-service", flags: &["--silence"], regions: &REGIONS, rule: "TrafficDrop", within: 60.0 },
    // Its windows fill with late events region by region; no time is promised for it.
    Fault { service: "api-service", flags: &["--skew", "-2m"], regions: &REGIONS, rule: "ClockSkew", within: 90.0 },
];
/// Promised seconds from healing to the last resolved notification.
const RESOLVED_WITHIN: f64 = 90.0;

#[tokio::test]
async fn each_fault_raises_only_its_own_alert_in_process() {
    each_fault_raises_only_its_own_alert("in-process").await;
}

#[tokio::test]
async fn each_fault_raises_only_its_own_alert_on_a_real_kafka() {
    let test = "each_fault_raises_only_its_own_alert_on_a_real_kafka";
    if kafka(test).is_some() {
        each_fault_raises_only_its_own_alert("kafka").await;
    }
}

async fn each_fault_raises_only_its_own_alert(broker: &str) {
    let flags = ["--broker", broker, "--backends", "none"];
    let stack = Stack::start(&StackOptions::new(env!("CARGO_BIN_EXE_tidewatch"), &flags)).await;
    armed(&stack).await;
    assert_eq!(stack.notifications().await, [], "nothing is broken yet");

    for fault in &FAULTS {
        let arguments = [&["break", fault.service], fault.flags].concat();
        let output = stack.run(&arguments).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for fault in &FAULTS {
        let injected = moment(&stack, "active", fault.service, "injected_at").await;
        let received = notified(&stack, fault, NotificationStatus::Firing).await;
        println!(
            "{broker}: {} {:.1} to {:.1} s",
            fault.rule,
            seconds(injected, &received).0,
            seconds(injected, &received).1
        );
        assert!(seconds(injected, &received).1 <= fault.within, "{}: {:?}", fault.rule, seconds(injected, &received));
    }

    assert!(stack.run(&["heal"]).await.status.success());
    for fault in &FAULTS {
        let healed = moment(&stack, "history", fault.service, "healed_at").await;
        let received = notified(&stack, fault, NotificationStatus::Resolved).await;
        println!("{broker}: {} resolved {:.1} s", fault.rule, seconds(healed, &received).1);
        assert!(seconds(healed, &received).1 <= RESOLVED_WITHIN, "{}: {:?}", fault.rule, seconds(healed, &received));
    }

    let before = dead_letters(&stack).await;
    assert!(stack.run(&["break", "auth-service", "--malformed", "30%", "--for", "20s"]).await.status.success());
    eventually("malformed events are dead letters", Duration::from_secs(30), async || {
        (dead_letters(&stack).await >= before + 50).then_some(())
    })
    .await;

    let expected: BTreeSet<_> = FAULTS
        .iter()
        .flat_map(|fault| fault.regions.iter().map(|region| (fault.rule, fault.service, Some(*region))))
        .collect();
    let all = stack.notifications().await;
    let seen: BTreeSet<_> = all
        .iter()
        .map(|one| (one.label("alertname"), one.label("service"), one.labels.get("region").map(String::as_str)))
        .collect();
    assert_eq!(seen, expected, "{all:#?}");
    assert_eq!(all.len(), 2 * expected.len(), "one firing and one resolved each: {all:#?}");
}

/// Waits until every rule of every group is armed: traffic rules need two minutes of traffic first.
async fn armed(stack: &Stack) {
    eventually("every rule is armed", Duration::from_secs(240), async || {
        let status = stack.get("processor", "/status").await;
        let groups = status["groups"].as_array().unwrap();
        let ok =
            |group: &&serde_json::Value| group["rules"].as_object().unwrap().values().all(|rule| rule["state"] == "ok");
        (groups.len() == 12 && groups.iter().filter(ok).count() == 12).then_some(())
    })
    .await;
}

/// Returns when this fault began or ended, according to the simulator.
async fn moment(stack: &Stack, list: &str, service: &str, field: &str) -> Timestamp {
    let faults = stack.get("simulator", "/faults").await;
    let fault = faults[list].as_array().unwrap().iter().find(|fault| fault["service"] == service).unwrap().clone();
    fault[field].as_str().unwrap().parse().unwrap()
}

/// Waits for the notifications of every region that the fault affects, and returns them.
async fn notified(stack: &Stack, fault: &Fault, status: NotificationStatus) -> Vec<Notification> {
    let what = format!("{} {} for {:?} of {}", fault.rule, status.as_str(), fault.regions, fault.service);
    eventually(&what, Duration::from_secs(120), async || {
        let mut received = stack.notifications().await;
        let is_wanted = |one: &Notification| {
            one.label("alertname") == fault.rule && one.label("service") == fault.service && one.status == status
        };
        received.retain(is_wanted);
        (received.len() >= fault.regions.len()).then_some(received)
    })
    .await
}

/// Returns the seconds to the first and to the last notification.
fn seconds(since: Timestamp, received: &[Notification]) -> (f64, f64) {
    let seconds = received.iter().map(|one| one.received_at.duration_since(since).as_secs_f64());
    (seconds.clone().fold(f64::INFINITY, f64::min), seconds.fold(0.0, f64::max))
}

async fn dead_letters(stack: &Stack) -> u64 {
    stack.get("processor", "/status").await["totals"]["dead_lettered"].as_u64().unwrap()
}
