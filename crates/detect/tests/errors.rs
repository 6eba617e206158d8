//! HighErrorRate: more than 5 % of requests failed, with enough failures and enough requests.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use scenario::{Scenario, merge, steady};
use tidewatch_contract::Severity;

#[test]
fn thirty_percent_of_errors_fire_and_a_clean_minute_resolves() {
    let mut scenario = Scenario::new();
    let healthy = |range| steady("pay", "eu", range, 20.0 / 3.0, |_, _| ());
    let failing = steady("pay", "eu", (100.0, 200.0), 20.0 / 3.0, |i, event| {
        if i % 10 < 3 {
            event.status_code = 503;
        }
    });
    scenario.play(&merge([healthy((0.0, 100.0)), failing, healthy((200.0, 300.0))]));
    assert_eq!(scenario.story(), ["HighErrorRate pay/eu firing@115", "HighErrorRate pay/eu resolved Clean@260"]);
    let fired = &scenario.transitions[0];
    assert_eq!(fired.severity, Severity::Critical);
    assert!(fired.value > 0.05 && fired.value < 0.10, "{}", fired.value);
    assert_eq!(fired.threshold, 0.05);
}

#[test]
fn a_share_equal_to_the_limit_is_within_it_and_one_more_error_is_not() {
    for (errors, fires) in [(20, false), (21, true)] {
        let mut scenario = Scenario::new();
        // 400 events per window, with all errors in one pane, which is part of more than two windows.
        scenario.play(&steady("pay", "eu", (0.0, 130.0), 20.0 / 3.0, |i, event| {
            if (410..410 + errors).contains(&i) {
                event.status_code = 500;
            }
        }));
        assert_eq!(!scenario.transitions.is_empty(), fires, "{errors} errors");
    }
}

#[test]
fn the_error_field_of_an_event_takes_precedence_over_the_status_code() {
    let mut scenario = Scenario::new();
    let said_well = steady("pay", "eu", (0.0, 130.0), 10.0, |_, event| {
        event.status_code = 500;
        event.error = Some(false);
    });
    let said_badly = steady("pay", "us", (0.0, 130.0), 10.0, |_, event| event.error = Some(true));
    scenario.play(&merge([said_well, said_badly]));
    assert_eq!(scenario.story(), ["HighErrorRate pay/us firing@10"]);
}

#[test]
fn few_errors_or_few_requests_do_not_fire() {
    for (per_second, share, fires) in [(0.06, 1, false), (1.6, 11, false), (1.6, 9, true)] {
        // Four requests per minute; 96 with at most nine errors; 96 with more than ten.
        let mut scenario = Scenario::new();
        scenario.play(&steady("pay", "eu", (0.0, 180.0), per_second, |i, event| {
            if i % share == 0 {
                event.status_code = 500;
            }
        }));
        assert_eq!(!scenario.transitions.is_empty(), fires, "{per_second} per second, one of {share} fails");
    }
}
