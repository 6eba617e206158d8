//! A state that an earlier version wrote is restored unchanged, and the current version still writes the same one.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use std::collections::BTreeMap;
use std::sync::Arc;

use scenario::{Payload, Scenario, Sent, at, line, merge, steady};
use serde_json::{Value, json};
use tidewatch_detect::{GroupState, Limits, Partition, PartitionState, Rules};

/// A state written by the version before panes, windows, offsets and milliseconds had their own types.
const GOLDEN: &str = include_str!("golden/state-v1.json");
const SAVED_AT: f64 = 900.0;
const LIMITS: Limits = Limits { max_groups: 4, group_ttl: std::time::Duration::from_secs(3_600) };

fn rules() -> Rules {
    let yaml = include_str!("../rules.yaml").replace("\nexpect: []", "\nexpect: [ghost]");
    let rules = Rules::parse(&yaml).unwrap();
    assert_eq!(rules.expect(), ["ghost"]);
    rules
}

/// Returns fifteen minutes of traffic that leave an alert of each kind firing, and the traffic that ends them
/// afterwards.
fn stream() -> Vec<Sent> {
    let is_during = |from: f64, until: f64, sent: &Sent| sent.appended >= from && sent.appended < until;
    let failing = steady("api", "eu", (0.0, 1_200.0), 8.0, |i, event| {
        event.status_code = if (6_400..8_000).contains(&i) && i % 3 == 0 { 503 } else { 200 };
    });
    let slow = steady("pay", "eu", (0.3, 1_200.3), 8.0, |i, event| {
        event.latency_ms = Some(if (6_400..8_000).contains(&i) { 900.0 } else { 20.0 + (i % 40) as f64 });
    });
    let mut falling = steady("orders", "us", (0.1, 1_200.1), 8.0, |_, _| {});
    falling.retain(|sent| !is_during(800.0, 1_000.0, sent));
    let mut skewed = steady("clock", "us", (0.2, 1_200.2), 4.0, |_, _| {});
    for sent in skewed.iter_mut().filter(|sent| is_during(800.0, 1_000.0, sent)) {
        let Payload::Event(event) = &mut sent.payload else { continue };
        event.timestamp = at(sent.appended - 400.0);
    }
    let beyond = steady("beyond", "us", (0.6, 1_200.6), 1.0, |_, _| {});
    let malformed = (0..200).map(|i| {
        let payload = Payload::Malformed(Some("api".to_owned()));
        Sent { appended: f64::from(i) * 6.0 + 0.4, payload }
    });
    merge([failing, slow, falling, skewed, beyond, malformed.collect()])
}

fn begun() -> Scenario {
    let mut scenario = Scenario::with(rules(), LIMITS);
    scenario.partition.expect("ghost");
    scenario
}

fn written(partition: &mut Partition) -> Value {
    let groups: BTreeMap<_, _> = partition.take_dirty_groups().into_iter().collect();
    json!({ "partition": partition.state(), "groups": groups })
}

fn restored(state: &Value) -> Partition {
    let partition: PartitionState = serde_json::from_value(state["partition"].clone()).unwrap();
    let groups: BTreeMap<String, GroupState> = serde_json::from_value(state["groups"].clone()).unwrap();
    Partition::restore(3, Arc::new(rules()), LIMITS, partition, groups)
}

#[test]
fn the_same_state_is_written_as_before() {
    let stream = stream();
    let saved = stream.partition_point(|sent| sent.appended < SAVED_AT);
    let mut scenario = begun();
    scenario.play(&stream[..saved]);
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    assert_eq!(written(&mut scenario.partition), golden);
    let firing: Vec<&str> = golden["groups"].as_object().unwrap().values().flat_map(firing).collect();
    for rule in ["HighErrorRate", "HighLatencyP99", "TrafficDrop", "ClockSkew"] {
        assert!(firing.contains(&rule), "{rule} is not firing in the golden state: {firing:?}");
    }
}

fn firing(group: &Value) -> Vec<&str> {
    let rules = group["rules"].as_object().unwrap();
    rules.iter().filter(|(_, state)| !state["firing"].is_null()).map(|(rule, _)| rule.as_str()).collect()
}

#[test]
fn a_partition_restored_from_it_reports_the_same_as_an_uninterrupted_one() {
    let stream = stream();
    let saved = stream.partition_point(|sent| sent.appended < SAVED_AT);
    let mut uninterrupted = begun();
    uninterrupted.play(&stream[..saved]);
    uninterrupted.transitions.clear();
    uninterrupted.play(&stream[saved..]);

    let mut resumed = begun();
    resumed.partition = restored(&serde_json::from_str(GOLDEN).unwrap());
    let floor = usize::try_from(resumed.partition.position()).unwrap();
    assert!(floor < saved, "records are read again from the floor on");
    resumed.play(&stream[floor..]);
    let lines = |scenario: &Scenario| scenario.transitions.iter().map(line).collect::<Vec<_>>();
    assert_eq!(lines(&resumed), lines(&uninterrupted));
    assert_eq!(resumed.transitions, uninterrupted.transitions);
    assert!(!resumed.transitions.is_empty());
}

#[test]
fn a_state_with_data_of_rules_that_learn_is_restored_without_it() {
    let mut state: Value = serde_json::from_str(GOLDEN).unwrap();
    for group in state["groups"].as_object_mut().unwrap().values_mut() {
        group["learned"] = json!({ "level": 1 });
    }
    assert_eq!(restored(&state).group_count(), restored(&serde_json::from_str(GOLDEN).unwrap()).group_count());
}
