//! Rules that evaluate only some requests, and connections that are held open.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use scenario::{Payload, Scenario, Sent, merge, steady};
use tidewatch_contract::RequestEvent;
use tidewatch_detect::{Limits, RuleStatus, Rules};

/// Returns the built-in rules with additional lines in one of them.
fn rules(kind: &str, lines: &str) -> Rules {
    let yaml = include_str!("../rules.yaml").replace(&format!("kind: {kind}"), &format!("kind: {kind}\n    {lines}"));
    Rules::parse(&yaml).unwrap_or_else(|error| panic!("{lines}: {error}"))
}

fn requests(per_minute: f64, change: impl Fn(&mut RequestEvent)) -> Vec<Sent> {
    steady("api", "eu", (0.0, 300.0), per_minute / 60.0, |_, event| change(event))
}

fn healthy() -> Vec<Sent> {
    requests(400.0, |_| ())
}

fn story(rules: Rules, streams: impl IntoIterator<Item = Vec<Sent>>) -> Vec<String> {
    let mut scenario = Scenario::with(rules, Limits::default());
    scenario.play(&merge(streams));
    scenario.story()
}

fn long(endpoint: &'static str, status: u16, seconds: f64) -> Vec<Sent> {
    requests(14.0, move |event| {
        event.endpoint = endpoint.to_owned();
        event.status_code = status;
        event.latency_ms = Some(seconds * 1_000.0);
    })
}

#[test]
fn websockets_never_count_for_latency() {
    for seconds in [2.0, 300.0] {
        assert_eq!(story(Rules::builtin(), [healthy(), long("/ws", 101, seconds)]), [""; 0], "{seconds} s");
    }
    // Not even if there is nothing else.
    assert_eq!(
        story(
            Rules::builtin(),
            [requests(300.0, |event| {
                event.status_code = 101;
                event.latency_ms = Some(300_000.0);
            })]
        ),
        [""; 0]
    );
}

#[test]
fn responses_that_succeed_after_half_a_minute_or_longer_count_as_held_open_connections() {
    for seconds in [30.0, 60.0, 3_600.0] {
        assert_eq!(story(Rules::builtin(), [healthy(), long("/events", 200, seconds)]), [""; 0], "{seconds} s");
    }
    assert!(!story(Rules::builtin(), [healthy(), long("/report", 200, 29.0)]).is_empty());
}

#[test]
fn timeouts_are_slow_however_long_they_took() {
    for status in [408, 499, 504] {
        let story = story(Rules::builtin(), [healthy(), long("/report", status, 60.0)]);
        assert!(story.iter().any(|line| line.starts_with("HighLatencyP99 api/eu firing")), "{status}: {story:?}");
    }
    // A failed request is not a held-open connection, whatever its status.
    let mut failed = long("/report", 200, 60.0);
    for sent in &mut failed {
        if let Payload::Event(event) = &mut sent.payload {
            event.error = Some(true);
        }
    }
    let story = story(Rules::builtin(), [healthy(), failed]);
    assert!(story.iter().any(|line| line.starts_with("HighLatencyP99 api/eu firing")), "{story:?}");
}

#[test]
fn long_responses_count_as_slow_if_at_least_half_of_all_take_that_long() {
    let hanging = |per_minute| requests(per_minute, |event| event.latency_ms = Some(45_000.0));
    assert_eq!(story(Rules::builtin(), [healthy(), hanging(390.0)]), [""; 0]);
    assert_eq!(story(Rules::builtin(), [hanging(400.0)]), ["HighLatencyP99 api/eu firing@10"]);
}

#[test]
fn a_rule_with_a_limit_beyond_half_a_minute_counts_all_responses() {
    let rules = rules("latency", "endpoints: /report");
    let patient =
        include_str!("../rules.yaml").replace("limit: 500ms", "limit: 40s").replace("clear: 400ms", "clear: 30s");
    assert_eq!(story(rules, [healthy(), long("/report", 200, 60.0)]).len(), 1, "all of its requests take that long");
    assert_eq!(story(Rules::parse(&patient).unwrap(), [healthy(), long("/report", 200, 60.0)]).len(), 1);
}

#[test]
fn the_value_is_the_p99_of_the_requests_that_count() {
    let mut scenario = Scenario::new();
    let slow = requests(60.0, |event| event.latency_ms = Some(900.0));
    scenario.play(&merge([healthy(), slow, long("/events", 200, 60.0)]));
    assert_eq!(scenario.story().len(), 1);
    assert!((scenario.transitions[0].value - 900.0).abs() < 9.1, "{}", scenario.transitions[0].value);
}

#[test]
fn the_value_of_a_filtered_rule_is_the_p99_of_the_requests_that_it_selects() {
    let mut scenario = Scenario::with(rules("latency", "exclude_endpoints: [/poll/*]"), Limits::default());
    let slow = requests(60.0, |event| event.latency_ms = Some(900.0));
    scenario.play(&merge([healthy(), slow, long("/poll/messages", 200, 25.0)]));
    assert_eq!(scenario.story().len(), 1);
    assert!((scenario.transitions[0].value - 900.0).abs() < 9.1, "{}", scenario.transitions[0].value);
}

#[test]
fn requests_that_a_rule_leaves_out_do_not_keep_its_alert_firing() {
    for (rules, left_out) in [
        (Rules::builtin(), long("/events", 200, 60.0)),
        (rules("latency", "exclude_endpoints: [/poll/*]"), long("/poll/messages", 200, 25.0)),
    ] {
        let slow = steady("api", "eu", (0.0, 100.0), 1.0, |_, event| event.latency_ms = Some(900.0));
        let story = story(rules, [healthy(), slow, left_out]);
        assert_eq!(story.len(), 2, "{story:?}");
        assert!(story[1].starts_with("HighLatencyP99 api/eu resolved Clean@1"), "{story:?}");
    }
}

#[test]
fn filtered_rules_evaluate_regions_with_too_few_requests_together_too() {
    let region = |region: &'static str| {
        let checks = steady("api", region, (0.0, 300.0), 0.5, |_, event| event.endpoint = "/healthz".to_owned());
        merge([checks, steady("api", region, (0.0, 300.0), 4.0 / 60.0, |_, event| event.status_code = 500)])
    };
    let story = story(rules("error_rate", "exclude_endpoints: [/healthz]"), ["a", "b", "c"].map(region));
    assert_eq!(story, ["HighErrorRate api/- firing@25"]);
}

#[test]
fn long_polling_can_be_left_out() {
    let poll = || long("/poll/messages", 200, 25.0);
    assert!(!story(Rules::builtin(), [healthy(), poll()]).is_empty());
    for lines in ["exclude_endpoints: [/poll/*]", "exclude_endpoints: /poll/messages", "endpoints: [/]"] {
        assert_eq!(story(rules("latency", lines), [healthy(), poll()]), [""; 0], "{lines}");
    }
}

#[test]
fn a_health_check_that_succeeds_hides_failing_requests_until_it_is_left_out() {
    let checks = || requests(1_000.0, |event| event.endpoint = "/healthz".to_owned());
    let failing = || requests(40.0, |event| event.status_code = 500);
    assert_eq!(story(Rules::builtin(), [checks(), failing()]), [""; 0]);
    let left_out = story(rules("error_rate", "exclude_endpoints: [/healthz]"), [checks(), failing()]);
    assert_eq!(left_out, ["HighErrorRate api/eu firing@15"]);
}

#[test]
fn a_status_keeps_a_flood_of_404_from_hiding_failures() {
    let flood = || requests(1_500.0, |event| event.status_code = 404);
    let failing = || requests(70.0, |event| event.status_code = 503);
    assert_eq!(story(Rules::builtin(), [flood(), failing()]), [""; 0]);
    let alerts = story(rules("error_rate", "status: [2xx, 3xx, 5xx]"), [flood(), failing()]);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(story(rules("error_rate", "status: 404"), [flood(), failing()]), [""; 0]);
}

#[test]
fn a_rule_without_matching_requests_is_unknown() {
    let mut scenario = Scenario::with(rules("error_rate", "endpoints: [/other]"), Limits::default());
    scenario.play(&healthy());
    let standing = scenario.standing("api", "HighErrorRate");
    assert_eq!((standing.state, standing.reason.unwrap().as_str()), (RuleStatus::Unknown, "no requests to evaluate"));
}

#[test]
fn filtered_counts_are_the_same_after_a_restart() {
    let yaml = || rules("error_rate", "exclude_endpoints: [/healthz]");
    let stream = merge([
        requests(1_000.0, |event| event.endpoint = "/healthz".to_owned()),
        requests(40.0, |event| event.status_code = 500),
    ]);
    let mut scenario = Scenario::with(yaml(), Limits::default());
    let half = stream.len() / 2;
    scenario.play(&stream[..half]).restart(yaml(), &stream[..half]).play(&stream[half..]);
    assert_eq!(scenario.story(), ["HighErrorRate api/eu firing@15"]);
}
