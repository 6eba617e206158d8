//! An expected service if events are grouped by the service alone: the group that expects it has the same labels.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use std::collections::BTreeMap;
use std::sync::Arc;

use scenario::{Scenario, merge, steady};
use tidewatch_detect::{GroupKind, GroupState, Limits, Partition, Rules};

fn rules() -> Rules {
    let by_service = include_str!("../rules.yaml")
        .replace("group_by: [service, region]", "group_by: [service]")
        .replace("expect: []", "expect: [pay]");
    Rules::parse(&by_service).unwrap()
}

fn expecting() -> Scenario {
    let mut scenario = Scenario::with(rules(), Limits::default());
    scenario.partition.expect("pay");
    scenario
}

/// The contents of the topic, by key.
type Written = BTreeMap<String, GroupState>;

fn checkpoint(scenario: &mut Scenario, written: &mut Written) {
    for (key, state) in scenario.partition.take_dirty_groups() {
        match state {
            Some(state) => written.insert(key, state),
            None => written.remove(&key),
        };
    }
}

fn restart(scenario: &mut Scenario, written: &Written) {
    let state = scenario.partition.state();
    scenario.partition = Partition::restore(3, Arc::new(rules()), Limits::default(), state, written.clone());
    scenario.partition.expect("pay");
}

fn kinds(written: &Written) -> Vec<GroupKind> {
    written.values().map(|state| state.kind).collect()
}

#[test]
fn both_groups_are_written() {
    let (mut scenario, mut written) = (expecting(), Written::new());
    scenario.play(&steady("pay", "eu", (0.0, 300.0), 5.0, |_, _| ()));
    checkpoint(&mut scenario, &mut written);
    assert_eq!(kinds(&written), [GroupKind::Expected, GroupKind::Plain]);
}

#[test]
fn a_service_that_has_sent_keeps_its_usual_traffic_over_a_restart() {
    let (mut scenario, mut written) = (expecting(), Written::new());
    let stream = steady("pay", "eu", (0.0, 300.0), 5.0, |_, _| ());
    scenario.play(&stream);
    checkpoint(&mut scenario, &mut written);
    restart(&mut scenario, &written);
    let floor = usize::try_from(scenario.partition.position()).unwrap();
    scenario.play(&stream[floor..]).idle(302.0, 400.0);
    assert_eq!(scenario.story(), ["TrafficDrop pay/- firing@340"]);
}

#[test]
fn a_state_of_an_earlier_version_moves_to_its_own_key() {
    let (mut scenario, mut written) = (expecting(), Written::new());
    scenario.play(&steady("api", "eu", (0.0, 60.0), 5.0, |_, _| ()));
    checkpoint(&mut scenario, &mut written);
    let waiting = written.remove("expected:service=pay").unwrap();
    written.insert("service=pay".to_owned(), waiting);
    restart(&mut scenario, &written);
    scenario.play(&steady("api", "eu", (60.0, 300.0), 5.0, |_, _| ()));
    assert_eq!(scenario.story().iter().filter(|line| line.contains("pay/-")).count(), 1, "{:?}", scenario.story());
    checkpoint(&mut scenario, &mut written);
    assert_eq!(written.keys().collect::<Vec<_>>(), ["expected:service=pay", "service=api"]);
}

#[test]
fn a_service_that_is_written_under_both_keys_is_expected_once() {
    let (mut scenario, mut written) = (expecting(), Written::new());
    scenario.play(&steady("api", "eu", (0.0, 60.0), 5.0, |_, _| ()));
    checkpoint(&mut scenario, &mut written);
    let waiting = written["expected:service=pay"].clone();
    written.insert("service=pay".to_owned(), GroupState { seen: true, ..waiting });
    restart(&mut scenario, &written);
    scenario.play(&steady("api", "eu", (60.0, 300.0), 5.0, |_, _| ()));
    assert_eq!(scenario.story(), Vec::<String>::new(), "it has sent, as one of the two says");
}

#[test]
fn a_service_that_has_sent_is_no_longer_expected_after_a_restart() {
    let (mut scenario, mut written) = (expecting(), Written::new());
    let api = |from, to| steady("api", "eu", (from, to), 1.0, |_, _| ());
    // A few requests are not enough for a baseline, so the group is removed after an hour of silence.
    scenario.play(&merge([steady("pay", "eu", (0.0, 10.0), 1.0, |_, _| ()), api(0.0, 4_000.0)]));
    checkpoint(&mut scenario, &mut written);
    checkpoint(&mut scenario, &mut written);
    assert_eq!(written.keys().collect::<Vec<_>>(), ["expected:service=pay", "service=api"]);
    restart(&mut scenario, &written);
    scenario.play(&api(4_000.0, 4_400.0));
    assert_eq!(scenario.story(), Vec::<String>::new());
}
