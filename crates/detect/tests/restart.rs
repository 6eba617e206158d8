//! A partition that is restored from its written state continues where the lost process was.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use std::sync::Arc;
use std::time::Duration;

use scenario::{Scenario, at, steady};
use tidewatch_detect::{GroupState, Limits, Partition, Rules};

#[test]
fn the_floor_is_the_first_offset_that_a_coming_window_needs() {
    let mut scenario = Scenario::new();
    scenario.play(&steady("api", "eu", (0.0, 100.5), 2.0, |_, _| ()));
    // Evaluated up to 95: the next window begins at 40.
    assert_eq!(scenario.partition.judged_until(), Some(at(95.0)));
    assert_eq!(scenario.partition.floor(), 80);
    scenario.idle(102.5, 300.0);
    assert_eq!(scenario.partition.floor(), 201, "nothing is needed any more");
}

#[test]
fn a_restored_partition_reads_from_the_floor_and_ignores_idle_time_until_the_replay_is_complete() {
    let stream = steady("api", "eu", (0.0, 300.0), 20.0 / 3.0, |_, _| ());
    let mut scenario = Scenario::new();
    scenario.play(&stream);
    let groups = states(&mut scenario);
    let state = scenario.partition.state();
    let floor = state.floor;
    assert!(serde_json::to_string(&state).unwrap().len() < 4_096, "it has room in commit metadata");
    scenario.partition = Partition::restore(3, Arc::new(Rules::builtin()), Limits::default(), state, groups);
    assert_eq!(scenario.partition.position(), floor);
    scenario.partition.advance_idle(at(400.0));
    assert_eq!(scenario.partition.judged_until(), Some(at(295.0)));
    assert_eq!(scenario.partition.state().floor, floor, "a checkpoint while reading again forgets nothing");
    scenario.play(&stream[usize::try_from(floor).unwrap()..]);
    assert_eq!(scenario.partition.totals().windowed, 2_000);
    scenario.idle(302.0, 400.0);
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@340"]);
}

fn states(scenario: &mut Scenario) -> Vec<(String, GroupState)> {
    let dirty = scenario.partition.take_dirty_groups();
    dirty.into_iter().filter_map(|(key, state)| Some((key, state?))).collect()
}

#[test]
fn events_are_late_again_if_only_the_groups_were_written_after_an_idle_moment() {
    let mut scenario = Scenario::new();
    let stream = steady("api", "eu", (0.0, 300.0), 20.0 / 3.0, |_, _| ());
    scenario.play(&stream);
    let before = scenario.partition.state();
    scenario.idle(302.0, 350.0);
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@340"]);
    let groups = states(&mut scenario);
    let rules = Arc::new(Rules::builtin());
    scenario.partition = Partition::restore(3, rules, Limits::default(), before, groups);
    let floor = usize::try_from(scenario.partition.position()).unwrap();
    scenario.play(&stream[floor..]);
    let delayed = scenario::Sent::new(350.0, scenario::event("api", "eu", 320.0));
    assert_eq!(scenario.send(&delayed), tidewatch_detect::Disposition::Late);
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@340"]);
}

#[test]
fn a_group_removed_in_an_unfinished_checkpoint_is_not_evaluated_again() {
    let limits = Limits { group_ttl: Duration::from_secs(60), ..Limits::default() };
    let mut scenario = Scenario::with(Rules::builtin(), limits);
    let failing = steady("pay", "eu", (0.0, 12.0), 1.5, |_, event| event.status_code = 500);
    let more = steady("pay", "eu", (12.0, 80.0), 1.5, |_, event| event.status_code = 500);
    scenario.play(&failing);
    let (mut groups, before) = (states(&mut scenario), scenario.partition.state());
    // One read brings both the alert and, a day later, the removal of everything known about the group.
    scenario.play(&more);
    let later = vec![scenario::Sent::new(90_000.0, scenario::event("other", "eu", 90_000.0))];
    scenario.play(&later);
    let story = scenario.story();
    assert_eq!(story, ["HighErrorRate pay/eu firing@10", "HighErrorRate pay/eu resolved NoData@740"]);
    for (key, state) in scenario.partition.take_dirty_groups() {
        groups.retain(|(there, _)| *there != key);
        groups.extend(state.map(|state| (key, state)));
    }
    let rules = Arc::new(Rules::builtin());
    scenario.partition = Partition::restore(3, rules, limits, before, groups);
    let all: Vec<_> = [failing, more, later].concat();
    let floor = usize::try_from(scenario.partition.position()).unwrap();
    scenario.play(&all[floor..]);
    assert_eq!(scenario.story(), story, "nothing is reported twice");
}

#[test]
fn an_alert_whose_rule_is_no_longer_in_the_file_is_resolved() {
    let mut scenario = Scenario::new();
    let failing = |range| steady("pay", "eu", range, 10.0, |_, event| event.status_code = 500);
    scenario.play(&failing((0.0, 100.0)));
    let groups = states(&mut scenario);
    let state = scenario.partition.state();
    let yaml = include_str!("../rules.yaml");
    let renamed = yaml.replace("name: HighErrorRate", "name: TooManyErrors");
    let regrouped = yaml.replace("[service, region]", "[service]");
    for (yaml, fires_again) in
        [(renamed, "TooManyErrors pay/eu firing@105"), (regrouped, "HighErrorRate pay/- firing@110")]
    {
        let rules = Arc::new(Rules::parse(&yaml).unwrap());
        scenario.partition = Partition::restore(3, rules, Limits::default(), state.clone(), groups.clone());
        scenario.transitions.clear();
        let floor = usize::try_from(scenario.partition.position()).unwrap();
        scenario.play(&failing((0.0, 150.0))[floor..]);
        let story = scenario.story();
        assert_eq!(story[0], "HighErrorRate pay/eu resolved Retired@100", "{story:?}");
        assert!(story.len() == 2, "{story:?}, expected {fires_again}");
    }
}
