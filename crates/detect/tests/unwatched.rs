//! A platform that was switched off and on again is not an outage of its services.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use scenario::{Scenario, Sent, merge, steady};
use tidewatch_detect::Rules;

const RATE: f64 = 20.0 / 3.0;

fn healthy(service: &str, from: f64, to: f64) -> Vec<Sent> {
    steady(service, "eu", (from, to), RATE, |_, _| ())
}

#[test]
fn a_time_without_records_and_without_a_processor_is_not_silence() {
    for off in [15.0, 60.0, 600.0, 36_000.0] {
        let mut scenario = Scenario::new();
        let before = healthy("api", 0.0, 300.0);
        scenario.play(&before).restart(Rules::builtin(), &before).unwatched(0);
        scenario.play(&healthy("api", 300.0 + off, 600.0 + off));
        assert_eq!(scenario.story(), [""; 0], "{off} s off");
        let end = 600.0 + off;
        scenario.idle(end + 2.0, end + 60.0);
        assert_eq!(scenario.transitions.len(), 1, "{off} s off: the silence after it is reported");
    }
}

#[test]
fn records_after_the_last_checkpoint_do_not_hide_such_a_time() {
    let mut scenario = Scenario::new();
    let before = healthy("api", 0.0, 300.0);
    let unread = healthy("api", 300.0, 305.0);
    scenario.play(&before).restart(Rules::builtin(), &before).unwatched(unread.len());
    scenario.play(&unread).play(&healthy("api", 600.0, 800.0));
    assert_eq!(scenario.story(), [""; 0]);
}

#[test]
fn a_time_with_a_running_processor_is_evaluated() {
    let mut scenario = Scenario::new();
    let before = healthy("api", 0.0, 300.0);
    scenario.play(&before).restart(Rules::builtin(), &before).unwatched(0);
    scenario.play(&healthy("api", 300.0, 305.0)).play(&healthy("api", 600.0, 800.0));
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@345", "TrafficDrop api/eu resolved Clean@650"]);
}

#[test]
fn a_service_that_is_still_silent_after_the_restart_is_reported() {
    let mut scenario = Scenario::new();
    let before = healthy("api", 0.0, 300.0);
    scenario.play(&before).restart(Rules::builtin(), &before).unwatched(0).idle(900.0, 910.0);
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@340"]);
}

#[test]
fn a_service_that_is_missing_while_others_sent_is_reported() {
    let mut scenario = Scenario::new();
    let before = merge([healthy("api", 0.0, 300.0), healthy("auth", 0.0, 300.0)]);
    scenario.play(&before).restart(Rules::builtin(), &before).unwatched(0);
    scenario.play(&healthy("auth", 300.0, 400.0));
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@340"]);
}

#[test]
fn an_earlier_alert_stays_and_resolves_when_traffic_is_back() {
    let mut scenario = Scenario::new();
    let before = healthy("api", 0.0, 300.0);
    scenario.play(&before).idle(302.0, 360.0).restart(Rules::builtin(), &before).unwatched(0);
    scenario.play(&healthy("api", 500.0, 700.0));
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@340", "TrafficDrop api/eu resolved Clean@570"]);
}
