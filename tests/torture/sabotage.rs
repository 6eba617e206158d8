//! Breaks one thing at a time in an otherwise healthy Tidewatch, and checks that `verify` reports it within seconds.

use std::collections::BTreeSet;

use metrics_bridge::MetricsBridge;
use mock_slack::MockSlack;
use serde_json::Value;
use stream_processor::StreamProcessor;
use tidewatch_servers::{File, Running, rules};
use tidewatch_testkit::{RunningService, configuration, program};

use super::parts::{Parts, Places, brokers, lasting_broker, url};

/// A broken part, and what `verify` has to report about it.
struct Sabotage {
    name: &'static str,
    /// Addresses that replace the healthy ones.
    places: Places,
    /// The steps that must fail, each with words of what it saw.
    named: Vec<(&'static str, &'static str)>,
}

fn same(text: String) -> String {
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sabotage_is_reported_by_the_steps_that_detect_it() {
    let test = "every_sabotage_is_reported_by_the_steps_that_detect_it";
    if ["prometheus", "alertmanager"].iter().any(|name| program(name, test).is_none()) {
        return;
    }
    // Nothing listens on that address; the relay's errors don't matter here.
    let parts = Parts::start("http://127.0.0.1:9").await;
    let webhook = &parts.places["mock_slack"];
    let (alertmanager, wrong_route) = tokio::join!(
        parts.alertmanager("alertmanager", webhook, same),
        parts.alertmanager("wrong-route", webhook, |text| {
            text.replace("receiver: chat", "receiver: watchdog").replace("receiver: page", "receiver: watchdog")
        }),
    );
    let kafka = format!("--brokers={}", parts.places["kafka"]);
    let stopped_bridge = RunningService::start::<MetricsBridge>(configuration::<MetricsBridge>(&[&kafka])).await;
    let bridge = stopped_bridge.admin_addr();
    stopped_bridge.stop().await;
    let data = tempfile::tempdir().unwrap();
    let data = format!("--data-dir={}", data.path().display());
    let stopped_slack = RunningService::start::<MockSlack>(configuration::<MockSlack>(&[&data])).await;
    let (slack, slack_admin) = (stopped_slack.url(), stopped_slack.admin_addr());
    stopped_slack.stop().await;
    let notifies_nobody = parts.alertmanager("notifies-nobody", &slack, same).await;
    let elsewhere = brokers(lasting_broker());
    let lonely = RunningService::start::<StreamProcessor>(configuration::<StreamProcessor>(&[&elsewhere])).await;
    let lonely_url = url(lonely.admin_addr());

    let healthy = parts.targets.clone();
    let [well, without_bridge, without_slack, routed, emptied, renamed] = tokio::join!(
        parts.prometheus("well", healthy.clone(), rules(), &alertmanager, same),
        parts.prometheus("without-bridge", parts.targets_with("metrics-bridge", bridge), rules(), &alertmanager, same),
        parts.prometheus(
            "without-slack",
            parts.targets_with("mock-slack", slack_admin),
            rules(),
            &notifies_nobody,
            same
        ),
        parts.prometheus("routed", healthy.clone(), rules(), &wrong_route, same),
        parts.prometheus("emptied", healthy.clone(), rules_with_an_empty("stream.yaml"), &alertmanager, same),
        parts.prometheus("renamed", healthy, rules(), &alertmanager, rename_lag),
    )
    .into();
    let places = |changes: &[(&'static str, &str)]| -> Places {
        let own = changes.iter().map(|(name, place)| (*name, (*place).to_owned()));
        parts.places.clone().into_iter().chain(own).collect()
    };
    let of = |prometheus: &Running, alertmanager: &Running, more: &[(&'static str, &str)]| {
        places(&[&[("prometheus", prometheus.url()), ("alertmanager", alertmanager.url())], more].concat())
    };
    let sabotages = [
        Sabotage {
            name: "bridge stopped",
            places: of(&without_bridge, &alertmanager, &[("bridge", &url(bridge))]),
            named: vec![
                ("services", "metrics-bridge"),
                ("flow", "metrics-bridge"),
                ("targets", "metrics-bridge is down"),
            ],
        },
        Sabotage {
            name: "mock-slack down",
            places: of(&without_slack, &notifies_nobody, &[("mock_slack", &slack)]),
            named: vec![("services", "mock-slack"), ("targets", "mock-slack is down"), ("route", "mock-slack")],
        },
        Sabotage {
            name: "route wrong",
            places: of(&routed, &wrong_route, &[]),
            named: vec![("route", "leads it to the receiver watchdog")],
        },
        Sabotage {
            name: "rule file emptied",
            places: of(&emptied, &alertmanager, &[]),
            named: vec![("rules", "rules/stream.yaml is not loaded")],
        },
        Sabotage {
            name: "metric of a dashboard renamed",
            places: of(&renamed, &alertmanager, &[]),
            named: vec![("dashboards", "Prometheus has no kafka_consumer_lag_records")],
        },
        Sabotage {
            name: "processor on another topic",
            places: of(&well, &alertmanager, &[("processor", &lonely_url)]),
            named: vec![("flow", "it reads from another broker")],
        },
    ];
    let verified = sabotages.iter().map(|sabotage| parts.verify(sabotage.name, &sabotage.places));
    let verified = futures::future::join_all(verified).await;
    for (sabotage, (code, said, report)) in sabotages.iter().zip(verified) {
        println!("== {}\n{said}", sabotage.name);
        assert_eq!(code, Some(1), "{}:\n{said}", sabotage.name);
        check(sabotage, &report);
    }
}

/// Asserts that exactly the expected steps failed, and that no faults were injected.
fn check(sabotage: &Sabotage, report: &Value) {
    let steps = report["steps"].as_array().unwrap();
    let failed: BTreeSet<&str> =
        steps.iter().filter(|step| step["status"] == "failed").map(|step| step["id"].as_str().unwrap()).collect();
    let expected: BTreeSet<&str> = sabotage.named.iter().map(|(id, _)| *id).collect();
    assert_eq!(failed, expected, "{}: {report:#}", sabotage.name);
    for (id, words) in &sabotage.named {
        let failure = &steps.iter().find(|step| step["id"] == *id).unwrap()["failure"];
        assert!(failure["seen"].as_str().unwrap().contains(words), "{}: {failure:#}", sabotage.name);
        assert!(!failure["more"].as_str().unwrap().is_empty(), "{}: {failure:#}", sabotage.name);
    }
    let faults: Vec<&Value> = steps.iter().filter(|step| step["id"].as_str().unwrap().starts_with("fault-")).collect();
    assert!(
        faults.len() == 4 && faults.iter().all(|step| step["status"] == "not_run"),
        "{}: {report:#}",
        sabotage.name
    );
}

fn rules_with_an_empty(name: &str) -> Vec<File> {
    let mut rules = rules();
    let file = rules.iter_mut().find(|file| file.name == name).unwrap();
    file.text = "groups: []\n".to_owned();
    rules
}

/// Renames the consumers' lag metric when Prometheus scrapes it.
fn rename_lag(text: String) -> String {
    let relabel = "    metric_relabel_configs:\n      - source_labels: [__name__]\n        \
                   regex: kafka_consumer_lag_records\n        target_label: __name__\n        \
                   replacement: kafka_consumer_lag_messages\n";
    let jobs = text.split_inclusive("  - job_name: ").map(|part| match part.split_once('\n') {
        Some((job, rest)) if ["stream-processor", "metrics-bridge", "alert-relay"].contains(&job) => {
            format!("{job}\n{relabel}{rest}")
        }
        _ => part.to_owned(),
    });
    jobs.collect()
}
