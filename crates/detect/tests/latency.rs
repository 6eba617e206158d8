//! HighLatencyP99: P99 over the limit, with enough slow requests and enough requests.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use scenario::{Scenario, merge, seconds, steady};
use tidewatch_contract::{RequestEvent, Severity};
use tidewatch_detect::RuleStatus;

/// Returns a group of 400 events per window whose requests take ten times as long in `[from, to)`.
fn slow_in(from: f64, to: f64) -> Vec<scenario::Sent> {
    let slow = move |_: usize, event: &mut RequestEvent| {
        if (from..to).contains(&seconds(event.timestamp)) {
            event.latency_ms = Some(800.0);
        }
    };
    steady("api", "eu", (0.0, 400.0), 20.0 / 3.0, slow)
}

#[test]
fn slow_requests_fire_and_a_clean_minute_resolves() {
    let mut scenario = Scenario::new();
    scenario.play(&slow_in(100.0, 200.0));
    // Ten slow ones have arrived after 1.5 s; the windows that end at 105 and 110 violate. At 260 the last slow one has
    // left.
    assert_eq!(scenario.story(), ["HighLatencyP99 api/eu firing@110", "HighLatencyP99 api/eu resolved Clean@265"]);
    let fired = &scenario.transitions[0];
    assert!((fired.value - 800.0).abs() < 8.1, "{}", fired.value);
    assert_eq!((fired.threshold, fired.severity), (500.0, Severity::Warning));
    assert_eq!(
        fired.summary,
        format!("api in eu: P99 latency {:.0} ms over the last minute, limit 500 ms", fired.value)
    );
    assert!(fired.runbook_url.ends_with("/runbooks/HighLatencyP99.md"));
    let resolved = &scenario.transitions[1];
    assert_eq!(resolved.started_at, fired.window_end);
    assert_ne!(resolved.id(), fired.id());
    assert_eq!(resolved.fingerprint(), "HighLatencyP99:region=eu,service=api");
}

#[test]
fn a_fault_in_one_region_fires_in_that_region_alone() {
    let mut scenario = Scenario::new();
    let healthy = steady("api", "us", (0.0, 400.0), 20.0 / 3.0, |_, _| ());
    scenario.play(&merge([slow_in(100.0, 200.0), healthy]));
    assert_eq!(scenario.transitions.len(), 2);
    assert!(scenario.transitions.iter().all(|transition| transition.group["region"] == "eu"));
}

#[test]
fn the_p99_of_fewer_than_two_hundred_timed_requests_per_minute_does_not_decide() {
    for (per_second, judged) in [(3.3, false), (3.4, true)] {
        let mut scenario = Scenario::new();
        // Two of a hundred are slow, of which fewer than ten are seen.
        scenario.play(&steady("api", "eu", (0.0, 90.0), per_second, |i, event| {
            if i % 50 == 0 {
                event.latency_ms = Some(900.0);
            }
        }));
        let standing = scenario.standing("api", "HighLatencyP99");
        assert_eq!(standing.state == RuleStatus::Ok, judged, "{per_second} per second: {standing:?}");
        assert_eq!(scenario.story(), [""; 0]);
    }
    for (per_second, judged) in [(0.1, false), (3.3, true), (3.4, true)] {
        let mut scenario = Scenario::new();
        scenario.play(&steady("api", "eu", (0.0, 130.0), per_second, |_, event| event.latency_ms = Some(900.0)));
        assert_eq!(!scenario.transitions.is_empty(), judged, "{per_second} per second");
    }
}

#[test]
fn requests_without_latency_count_neither_as_fast_nor_as_slow() {
    let mut scenario = Scenario::new();
    // 3.3 requests per second with a latency, few of them slow, and as many without one: too few for a verdict.
    scenario.play(&steady("api", "eu", (0.0, 130.0), 6.6, |i, event| {
        event.latency_ms = (i % 2 == 0).then_some(if i % 60 == 0 { 900.0 } else { 50.0 });
    }));
    assert_eq!(scenario.story(), [""; 0]);
    assert_eq!(scenario.standing("api", "HighLatencyP99").state, RuleStatus::Unknown);
}

#[test]
fn nine_slow_requests_do_not_fire_although_p99_is_over_the_limit() {
    for (slow, fires) in [(9, false), (10, true)] {
        let mut scenario = Scenario::new();
        scenario.play(&steady("api", "eu", (0.0, 130.0), 20.0 / 3.0, |i, event| {
            if (500..500 + slow).contains(&i) {
                event.latency_ms = Some(700.0);
            }
        }));
        assert_eq!(!scenario.transitions.is_empty(), fires, "{slow} slow ones");
    }
}

#[test]
fn a_latency_equal_to_the_limit_is_within_it() {
    let mut scenario = Scenario::new();
    scenario.play(&steady("api", "eu", (0.0, 130.0), 20.0, |_, event| event.latency_ms = Some(500.0)));
    assert_eq!(scenario.story(), [""; 0]);
    let standing = scenario.standing("api", "HighLatencyP99");
    assert_eq!(standing.state, RuleStatus::Ok);
    assert!(standing.value.unwrap() <= 500.0);
}

#[test]
fn the_alert_of_a_group_that_falls_silent_is_resolved_for_lack_of_data() {
    let mut scenario = Scenario::new();
    scenario.play(&steady("api", "eu", (0.0, 90.0), 4.0, |_, event| event.latency_ms = Some(900.0)));
    scenario.idle(92.0, 800.0);
    let latency: Vec<String> = scenario.story().into_iter().filter(|line| line.starts_with("HighLatency")).collect();
    // Windows violate up to the one that ends at 145; the next one is the first of ten minutes without a verdict.
    assert_eq!(latency, ["HighLatencyP99 api/eu firing@10", "HighLatencyP99 api/eu resolved NoData@750"]);
}
