//! Little traffic: a bound on the share of failures decides, and groups of a service that are too small are evaluated
//! together.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp};
use scenario::{Scenario, Sent, event, line, merge, steady};
use tidewatch_detect::{GroupKind, GroupState, Limits, RuleStatus, Rules};

/// Returns the given number of requests per minute, all failing.
fn failing(service: &str, region: &str, range: (f64, f64), per_minute: f64) -> Vec<Sent> {
    steady(service, region, range, per_minute / 60.0, |_, event| event.status_code = 500)
}

fn succeeding(service: &str, region: &str, range: (f64, f64), per_minute: f64) -> Vec<Sent> {
    steady(service, region, range, per_minute / 60.0, |_, _| ())
}

/// Returns Poisson traffic of which `share` fails.
fn random(seed: u64, service: &str, (from, to): (f64, f64), per_minute: f64, share: f64) -> Vec<Sent> {
    let mut rng = StdRng::seed_from_u64(seed);
    let between = Exp::new(per_minute / 60.0).unwrap();
    let mut stream = Vec::new();
    let mut time = from + between.sample(&mut rng);
    while time < to {
        let mut event = event(service, "eu", time);
        if rng.random_bool(share) {
            event.status_code = 500;
        }
        stream.push(Sent::new(time, event));
        time += between.sample(&mut rng);
    }
    stream
}

#[test]
fn the_total_failure_of_a_small_service_fires_and_resolves() {
    let mut scenario = Scenario::new();
    scenario.play(&merge([
        succeeding("pay", "eu", (0.0, 300.0), 20.0),
        failing("pay", "eu", (300.0, 600.0), 20.0),
        succeeding("pay", "eu", (600.0, 900.0), 20.0),
    ]));
    // Of 20 requests 7 must fail. They have after 19 s, and the windows that end at 320 and 325 violate. The last
    // failure, at 597, has left the window that ends at 660.
    assert_eq!(scenario.story(), ["HighErrorRate pay/eu firing@325", "HighErrorRate pay/eu resolved Clean@665"]);
    assert_eq!(scenario.transitions[0].summary, "pay in eu: 45 % of requests failed over the last minute, limit 5 %");
}

#[test]
fn five_of_five_are_enough_and_four_of_four_are_not() {
    for (requests, fires) in [(4, false), (5, true)] {
        let mut scenario = Scenario::new();
        let at = |i: u32| 100.0 + f64::from(i);
        let burst = (0..requests).map(|i| {
            let mut event = event("pay", "eu", at(i));
            event.status_code = 500;
            Sent::new(at(i), event)
        });
        let others = succeeding("auth", "eu", (0.0, 300.0), 300.0);
        scenario.play(&merge([burst.collect(), others]));
        assert_eq!(!scenario.transitions.is_empty(), fires, "{requests} failures: {:?}", scenario.story());
    }
}

#[test]
fn one_failure_every_five_minutes_at_night_does_not_fire() {
    let mut scenario = Scenario::new();
    let night = failing("pay", "eu", (0.0, 8.0 * 3_600.0), 0.2);
    scenario.play(&merge([night, succeeding("auth", "eu", (0.0, 8.0 * 3_600.0), 60.0)]));
    assert_eq!(scenario.story(), [""; 0]);
}

#[test]
fn an_alert_ends_after_ten_minutes_without_requests() {
    let mut scenario = Scenario::new();
    scenario.play(&failing("pay", "eu", (0.0, 120.0), 20.0)).idle(122.0, 1_000.0);
    let story = scenario.story();
    assert_eq!(story, ["HighErrorRate pay/eu firing@20", "HighErrorRate pay/eu resolved NoData@770"]);
    let summary = &scenario.transitions[1].summary;
    assert_eq!(summary, "pay in eu: too few requests to evaluate the error rate for 10 minutes");
}

#[test]
fn five_good_requests_end_an_alert_and_four_do_not() {
    for (per_minute, resolved) in [(4.0, "NoData"), (6.0, "Clean")] {
        let mut scenario = Scenario::new();
        let after = succeeding("pay", "eu", (121.0, 1_000.0), per_minute);
        scenario.play(&merge([failing("pay", "eu", (0.0, 120.0), 20.0), after]));
        let end = line(&scenario.transitions[1]);
        assert!(end.starts_with(&format!("HighErrorRate pay/eu resolved {resolved}@")), "{end}");
        assert_eq!(scenario.transitions.len(), 2, "{:?}", scenario.story());
    }
}

#[test]
fn a_rule_with_too_few_requests_is_unknown_and_gives_the_reason() {
    let mut scenario = Scenario::new();
    scenario.play(&failing("pay", "eu", (0.0, 120.0), 4.0)).play(&succeeding("pay", "us", (120.0, 240.0), 20.0));
    let of = |region: &str, rule: &str| {
        let mut groups = scenario.partition.groups();
        let group = groups.find(|group| group.labels.get("region").is_some_and(|label| label == region)).unwrap();
        (group.rules[rule].state, group.rules[rule].reason.clone().unwrap_or_default())
    };
    assert_eq!(of("eu", "HighErrorRate"), (RuleStatus::Unknown, "no requests to evaluate".into()));
    assert_eq!(
        of("us", "HighErrorRate"),
        (RuleStatus::Unknown, "0 % of 20 requests failed; too few to evaluate".into())
    );
    assert_eq!(
        of("us", "HighLatencyP99"),
        (RuleStatus::Unknown, "0 of 20 requests took longer than 500 ms; too few to evaluate".into())
    );
    assert_eq!(of("us", "TrafficDrop").0, RuleStatus::Unknown);
    let mut scenario = Scenario::new();
    scenario.play(&failing("pay", "eu", (0.0, 120.0), 4.0));
    let standing = scenario.standing("pay", "HighErrorRate");
    assert_eq!(standing.reason.unwrap(), "100 % of 4 requests failed; too few to evaluate");
    assert_eq!(standing.value, Some(1.0));
}

#[test]
fn regions_that_are_each_large_enough_fire_alone() {
    let mut scenario = Scenario::new();
    let regions = ["a", "b", "c"].map(|region| failing("pay", region, (0.0, 120.0), 45.0));
    scenario.play(&merge(regions));
    let regions: Vec<_> = scenario.transitions.iter().map(|transition| transition.group.get("region")).collect();
    assert_eq!(scenario.transitions.len(), 3, "{:?}", scenario.story());
    assert!(regions.iter().all(Option::is_some), "the service as a whole adds nothing: {:?}", scenario.story());
}

#[test]
fn regions_with_too_few_requests_are_evaluated_together_as_the_service() {
    let regions = ["a", "b", "c"];
    let mut scenario = Scenario::new();
    scenario.play(&merge(regions.map(|region| {
        merge([
            succeeding("pay", region, (0.0, 300.0), 4.0),
            failing("pay", region, (300.0, 600.0), 4.0),
            succeeding("pay", region, (600.0, 900.0), 4.0),
        ])
    })));
    let story = scenario.story();
    assert_eq!(story.len(), 2, "{story:?}");
    assert!(story[0].starts_with("HighErrorRate pay/- firing@3"), "{story:?}");
    assert!(story[1].starts_with("HighErrorRate pay/- resolved Clean@6"), "{story:?}");
    assert_eq!(scenario.transitions[0].fingerprint(), "HighErrorRate:service=pay");
    assert!(scenario.transitions[0].summary.starts_with("pay: "), "{}", scenario.transitions[0].summary);
}

#[test]
fn slow_regions_with_too_few_requests_are_evaluated_together() {
    let mut scenario = Scenario::new();
    scenario.play(&merge(
        ["a", "b", "c"]
            .map(|region| steady("pay", region, (0.0, 300.0), 0.1, |_, event| event.latency_ms = Some(900.0))),
    ));
    let story = scenario.story();
    assert_eq!(story.len(), 1, "{story:?}");
    assert!(story[0].starts_with("HighLatencyP99 pay/- firing@"), "{story:?}");
    assert!((scenario.transitions[0].value - 900.0).abs() < 9.1, "{}", scenario.transitions[0].value);
}

#[test]
fn a_service_is_not_evaluated_as_a_whole_if_one_of_its_regions_has_enough_requests() {
    let mut scenario = Scenario::new();
    scenario.play(&merge([
        succeeding("pay", "a", (0.0, 300.0), 60.0),
        failing("pay", "b", (0.0, 300.0), 4.0),
        failing("pay", "c", (0.0, 300.0), 4.0),
    ]));
    assert_eq!(scenario.story(), [""; 0]);
}

#[test]
fn the_status_of_a_whole_service_lists_the_rules_that_cannot_evaluate_any_region() {
    let regions = ["a", "b", "c"];
    let mut scenario = Scenario::new();
    scenario.play(&merge(regions.map(|region| succeeding("pay", region, (0.0, 200.0), 45.0))));
    let groups: Vec<_> = scenario.partition.groups().collect();
    assert_eq!(groups.len(), 4);
    let total = groups.iter().find(|group| !group.labels.contains_key("region")).unwrap();
    assert_eq!(total.rules["HighErrorRate"].state, RuleStatus::Ok, "135 requests are enough");
    assert!(!total.rules.contains_key("TrafficDrop"));
    assert_eq!(scenario.partition.group_count(), 3, "it counts no group twice");
    let mut scenario = Scenario::new();
    scenario.play(&merge(regions.map(|region| succeeding("pay", region, (0.0, 200.0), 300.0))));
    assert_eq!(scenario.partition.groups().count(), 3, "nothing is left for it to judge");
}

#[test]
fn the_service_as_a_whole_outlives_a_restart_and_the_groups_that_it_sums_up() {
    let regions = ["a", "b", "c"];
    let limits = Limits { group_ttl: std::time::Duration::from_secs(60), ..Limits::default() };
    let mut scenario = Scenario::with(Rules::builtin(), limits);
    let stream = merge(regions.map(|region| failing("pay", region, (0.0, 200.0), 4.0)));
    scenario.play(&stream);
    assert_eq!(scenario.story(), ["HighErrorRate pay/- firing@25"]);
    let written = scenario.partition.take_dirty_groups();
    let total = written.iter().find(|(key, _)| key == "all:service=pay").unwrap();
    let total = total.1.as_ref().unwrap();
    assert_eq!(total.kind, GroupKind::Service);
    let json = serde_json::to_string(total).unwrap();
    assert_eq!(
        serde_json::from_str::<GroupState>(&json).unwrap().kind,
        GroupKind::Plain,
        "as an earlier version reads it"
    );
    scenario = Scenario::with(Rules::builtin(), limits);
    scenario.play(&stream).restart(Rules::builtin(), &stream);
    scenario.idle(202.0, 1_000.0);
    assert_eq!(
        scenario.story(),
        ["HighErrorRate pay/- firing@25", "HighErrorRate pay/- resolved NoData@830"],
        "once each"
    );
    scenario.idle(1_000.0, 5_000.0);
    assert_eq!(scenario.partition.groups().count(), 0);
    scenario.partition.take_dirty_groups();
    assert!(scenario.partition.take_dirty_groups().contains(&("all:service=pay".to_owned(), None)));
}

#[test]
fn the_alert_of_a_whole_service_ends_as_clean_when_its_regions_recover_and_have_enough_requests() {
    let regions = ["a", "b", "c"];
    let mut scenario = Scenario::new();
    scenario.play(&merge(regions.map(|region| {
        merge([failing("pay", region, (0.0, 200.0), 4.0), succeeding("pay", region, (200.0, 600.0), 300.0)])
    })));
    let story = scenario.story();
    assert_eq!(story.len(), 2, "{story:?}");
    assert_eq!(story[0], "HighErrorRate pay/- firing@25");
    assert!(story[1].starts_with("HighErrorRate pay/- resolved Clean@2"), "{story:?}");
    // Still evaluated by the sum of its regions, in which 4 % of the requests fail: within the limit, above the clear
    // level.
    let mut scenario = Scenario::new();
    scenario.play(&merge(regions.map(|region| {
        let grown = steady("pay", region, (200.0, 1_000.0), 5.0, |i, event| {
            if i % 25 == 0 {
                event.status_code = 500;
            }
        });
        merge([failing("pay", region, (0.0, 200.0), 4.0), grown])
    })));
    let story = scenario.story();
    assert_eq!(story.len(), 2, "{story:?}");
    assert!(story[1].starts_with("HighErrorRate pay/- resolved Clean@8"), "{story:?}");
}

#[test]
fn a_service_with_one_region_is_never_evaluated_as_a_whole() {
    let mut scenario = Scenario::new();
    scenario.play(&failing("pay", "a", (0.0, 200.0), 20.0));
    assert_eq!(scenario.partition.groups().count(), 1);
    let written = scenario.partition.take_dirty_groups();
    assert!(written.iter().all(|(key, _)| !key.starts_with("all:")), "{written:?}");
}

#[test]
fn a_service_is_no_longer_evaluated_as_a_whole_once_one_region_is_left() {
    let limits = Limits { group_ttl: std::time::Duration::from_secs(60), ..Limits::default() };
    let mut scenario = Scenario::with(Rules::builtin(), limits);
    let a = succeeding("pay", "a", (0.0, 600.0), 4.0);
    scenario.play(&merge([a, succeeding("pay", "b", (0.0, 200.0), 4.0)]));
    let left: Vec<_> = scenario.partition.groups().map(|group| group.labels).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["region"], "a");
}

#[test]
fn rules_that_group_by_the_service_alone_have_no_group_of_the_whole_service() {
    let yaml = include_str!("../rules.yaml").replace("[service, region]", "[service]");
    let mut scenario = Scenario::with(Rules::parse(&yaml).unwrap(), Limits::default());
    scenario.play(&merge(["a", "b", "c"].map(|region| failing("pay", region, (0.0, 120.0), 4.0))));
    assert_eq!(scenario.story(), ["HighErrorRate pay/- firing@25"]);
    assert_eq!(scenario.partition.groups().count(), 1);
}

#[test]
fn the_low_traffic_rule_can_be_switched_off() {
    let yaml = include_str!("../rules.yaml");
    let off = yaml.replace("low_traffic_min_bad: 5\n", "low_traffic_min_bad: 50\n");
    assert_ne!(off, yaml);
    let mut scenario = Scenario::with(Rules::parse(&off).unwrap(), Limits::default());
    scenario.play(&failing("pay", "eu", (0.0, 300.0), 40.0));
    assert_eq!(scenario.story(), [""; 0]);
}

#[test]
fn a_day_of_small_healthy_services_raises_no_alert() {
    for (seed, (per_minute, share)) in (0..).zip([(5.0, 0.02), (10.0, 0.01), (20.0, 0.02), (40.0, 0.01)]) {
        let mut scenario = Scenario::new();
        scenario.play(&random(seed, "pay", (0.0, 86_400.0), per_minute, share));
        assert_eq!(scenario.story(), [""; 0], "{per_minute} per minute, {share} fail");
    }
}
