//! How many groups a partition keeps, and which ones it removes.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use std::time::Duration;

use scenario::{Scenario, Sent, event, merge, steady};
use tidewatch_detect::{GroupKind, Limits, Rules};

fn limited(max_groups: usize) -> Scenario {
    Scenario::with(Rules::builtin(), Limits { max_groups, ..Limits::default() })
}

#[test]
fn groups_beyond_the_limit_share_one_without_traffic_rules() {
    let mut scenario = limited(2);
    let services = ["a", "b", "c", "d"];
    let streams = services.map(|service| {
        steady(service, "eu", (0.0, 300.0), 5.0, |i, event| {
            if service == "d" && i % 3 == 0 {
                event.status_code = 500;
            }
        })
    });
    scenario.play(&merge(streams)).idle(302.0, 400.0);
    assert_eq!(scenario.partition.group_count(), 3);
    assert_eq!(scenario.partition.totals().overflowed, 3_000);
    let story = scenario.story();
    let of = |service: &str| story.iter().filter(|line| line.contains(service)).cloned().collect::<Vec<_>>();
    assert_eq!(of("(overflow)"), ["HighErrorRate (overflow)/- firing@15"]);
    assert_eq!(of(" a/eu"), ["TrafficDrop a/eu firing@340"]);
    assert_eq!(scenario.transitions[0].group["partition"], "3");
}

#[test]
fn a_silent_group_makes_room_after_its_ttl_but_a_watched_one_does_not() {
    let mut scenario = limited(2);
    let watched = steady("watched", "eu", (0.0, 200.0), 10.0, |_, _| ());
    scenario.play(&merge([watched, vec![Sent::new(1.0, event("seldom", "eu", 1.0))]]));
    scenario.idle(202.0, 3_500.0);
    assert_eq!(scenario.partition.group_count(), 2);
    scenario.idle(3_500.0, 3_620.0);
    let left: Vec<_> = scenario.partition.groups().map(|group| group.labels["service"].clone()).collect();
    assert_eq!(left, ["watched"]);
    scenario.send(&Sent::new(3_620.0, event("new", "eu", 3_620.0)));
    assert_eq!(scenario.partition.totals().overflowed, 0);
}

#[test]
fn events_with_labels_that_are_too_long_are_counted_in_the_overflow() {
    let mut scenario = Scenario::new();
    scenario.send(&Sent::new(0.0, event(&"x".repeat(10_000), "eu", 0.0)));
    assert_eq!(scenario.partition.totals().overflowed, 1);
    assert_eq!(scenario.partition.groups().next().unwrap().labels["service"], "(overflow)");
}

#[test]
fn groups_whose_joined_labels_look_alike_are_separate() {
    let mut scenario = Scenario::new();
    scenario.send(&Sent::new(0.0, event("a", "x,service=b", 0.0)));
    scenario.send(&Sent::new(0.0, event("b,service=a", "x", 0.0)));
    let mut keys: Vec<_> = scenario.partition.take_dirty_groups().into_iter().map(|(key, _)| key).collect();
    keys.dedup();
    assert_eq!(keys.len(), 2);
}

#[test]
fn a_removed_group_is_written_blank_and_then_deleted() {
    let ttl = Duration::from_secs(60);
    let mut scenario = Scenario::with(Rules::builtin(), Limits { group_ttl: ttl, ..Limits::default() });
    scenario.play(&steady("api", "eu", (0.0, 20.0), 1.0, |_, _| ()));
    let written = scenario.partition.take_dirty_groups();
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].0, "region=eu,service=api");
    assert_eq!(scenario.partition.take_dirty_groups(), []);
    scenario.idle(22.0, 200.0);
    let blank = scenario.partition.take_dirty_groups();
    assert!(matches!(&blank[..], [(_, Some(state))] if state.kind == GroupKind::Plain && state.rules.is_empty()));
    assert_eq!(scenario.partition.take_dirty_groups(), [("region=eu,service=api".to_owned(), None)]);
    assert_eq!(scenario.partition.take_dirty_groups(), []);
}
