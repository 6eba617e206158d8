//! TrafficDrop: less than half of the usual traffic, evaluated with or without events.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use scenario::{Payload, Scenario, Sent, event, line, merge, seconds, steady};
use tidewatch_contract::ResolveReason;
use tidewatch_detect::{Limits, RuleStatus, Rules};

const RATE: f64 = 20.0 / 3.0;

fn healthy(from: f64, to: f64) -> Vec<Sent> {
    steady("api", "eu", (from, to), RATE, |_, _| ())
}

#[test]
fn silence_fires_and_traffic_resolves() {
    let mut scenario = Scenario::new();
    scenario.play(&healthy(0.0, 300.0)).idle(302.0, 400.0).play(&healthy(400.0, 500.0));
    // Half of a minute is missing at 330, which is not yet less than half; 335 and 340 violate. 70 % are back at 442.
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@340", "TrafficDrop api/eu resolved Clean@450"]);
    let fired = &scenario.transitions[0];
    assert!((fired.value - 133.0).abs() <= 1.0, "{}", fired.value);
    assert!((fired.threshold - 200.0).abs() <= 4.0, "{}", fired.threshold);
}

#[test]
fn silence_is_detected_from_the_events_of_others() {
    let mut scenario = Scenario::new();
    let other = steady("auth", "eu", (0.0, 400.0), RATE, |_, _| ());
    scenario.play(&merge([healthy(0.0, 300.0), other]));
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@340"]);
}

#[test]
fn a_group_is_watched_after_two_minutes_of_traffic() {
    for (until, watched) in [(110.0, false), (125.0, true)] {
        let mut scenario = Scenario::new();
        scenario.play(&healthy(0.0, until)).idle(until + 2.0, 400.0);
        assert_eq!(!scenario.transitions.is_empty(), watched, "{until} s of traffic");
    }
}

#[test]
fn traffic_below_a_hundred_events_per_minute_has_no_baseline() {
    let mut scenario = Scenario::new();
    scenario.play(&steady("api", "eu", (0.0, 300.0), 1.6, |_, _| ())).idle(302.0, 400.0);
    assert_eq!(scenario.story(), [""; 0]);
    assert_eq!(scenario.standing("api", "TrafficDrop").state, RuleStatus::Unknown);
}

#[test]
fn sixty_percent_of_the_usual_traffic_neither_fires_nor_resolves() {
    let mut scenario = Scenario::new();
    let some = |from, to| steady("api", "eu", (from, to), RATE * 0.6, |_, _| ());
    scenario.play(&healthy(0.0, 300.0)).play(&some(300.0, 400.0));
    assert_eq!(scenario.story(), [""; 0]);
    scenario.play(&healthy(400.0, 1_100.0)).idle(1_102.0, 1_150.0).play(&some(1_150.0, 2_500.0));
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@1140"], "not even after ten minutes");
    scenario.play(&healthy(2_500.0, 2_600.0));
    assert_eq!(scenario.transitions.len(), 2);
}

#[test]
fn the_baseline_does_not_change_while_traffic_is_gone() {
    let mut scenario = Scenario::new();
    // A third of the traffic for half an hour doesn't become the baseline.
    let third = steady("api", "eu", (300.0, 2_100.0), RATE / 3.0, |_, _| ());
    scenario.play(&healthy(0.0, 300.0)).play(&third);
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@355"]);
    let threshold = scenario.standing("api", "TrafficDrop").threshold;
    scenario.play(&healthy(2_100.0, 2_250.0));
    assert_eq!(scenario.transitions.len(), 2, "{:?}", scenario.story());
    assert_eq!(scenario.standing("api", "TrafficDrop").threshold, threshold);
    // A second drop directly after it is compared with the same baseline.
    scenario.idle(2_252.0, 2_320.0);
    assert_eq!(scenario.transitions.len(), 3, "{:?}", scenario.story());
}

#[test]
fn traffic_that_declines_slowly_does_not_fire() {
    let mut scenario = Scenario::new();
    for (minute, rate) in (0..60).zip((0..60).map(|minute| RATE * (1.0 - f64::from(minute) / 70.0))) {
        let from = f64::from(minute) * 60.0;
        scenario.play(&steady("api", "eu", (from, from + 60.0), rate, |_, _| ()));
    }
    assert_eq!(scenario.story(), [""; 0]);
}

#[test]
fn malformed_and_misdated_records_count_as_arrived() {
    let malformed = |from: f64, to: f64| -> Vec<Sent> {
        let times = (0..).map(|i| from + f64::from(i) / RATE).take_while(|&time| time < to);
        times.map(|appended| Sent { appended, payload: Payload::Malformed(Some("api".into())) }).collect()
    };
    let future = steady("api", "eu", (300.0, 600.0), RATE, |_, _| ()).into_iter().map(|sent| {
        let ahead = event("api", "eu", sent.appended + 100.0);
        Sent::new(sent.appended, ahead)
    });
    for arriving in [malformed(300.0, 600.0), future.collect()] {
        let mut scenario = Scenario::new();
        let other = steady("auth", "eu", (0.0, 600.0), 1.0, |_, _| ());
        scenario.play(&merge([healthy(0.0, 300.0), arriving, other]));
        let story = scenario.story();
        assert!(!story.iter().any(|line| line.starts_with("TrafficDrop")), "{story:?}");
    }
}

#[test]
fn a_partition_with_nothing_but_malformed_records_is_evaluated() {
    let mut scenario = Scenario::new();
    scenario.play(&healthy(0.0, 300.0));
    for second in 300..400 {
        scenario.send(&Sent { appended: f64::from(second), payload: Payload::Malformed(None) });
    }
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@340"]);
}

#[test]
fn replayed_events_do_not_count_towards_the_usual_traffic() {
    let mut scenario = Scenario::new();
    let replayed = |from, to| {
        let as_replayed = |mut sent: Sent| {
            if let Payload::Event(event) = sent.payload {
                sent.payload = Payload::Replayed(event);
            }
            sent
        };
        healthy(from, to).into_iter().map(as_replayed).collect::<Vec<_>>()
    };
    scenario.play(&replayed(0.0, 300.0)).idle(302.0, 400.0);
    assert_eq!(scenario.story(), [""; 0]);
    // A replay into a live service neither fires when it ends nor raises the baseline.
    let mut scenario = Scenario::new();
    scenario.play(&merge([
        healthy(0.0, 900.0),
        replayed(300.0, 600.0),
        replayed(300.1, 600.0),
        replayed(300.2, 600.0),
    ]));
    assert_eq!(scenario.story(), [""; 0]);
    scenario.idle(902.0, 950.0);
    assert_eq!(scenario.story(), ["TrafficDrop api/eu firing@940"]);
}

#[test]
fn a_watched_group_is_retired_after_a_day_of_silence() {
    let mut scenario = Scenario::new();
    scenario.play(&healthy(0.0, 300.0)).idle(302.0, 86_000.0);
    assert_eq!(scenario.partition.group_count(), 1);
    scenario.partition.advance_idle(scenario::at(90_000.0));
    let retired: Vec<String> = scenario.partition.take_transitions().iter().map(line).collect();
    assert_eq!(retired, ["TrafficDrop api/eu resolved Retired@86700"]);
    assert_eq!(scenario.partition.group_count(), 0);
}

fn expecting(service: &str) -> Scenario {
    let yaml = include_str!("../rules.yaml").replace("expect: []", &format!("expect: [{service}]"));
    let mut scenario = Scenario::with(Rules::parse(&yaml).unwrap(), Limits::default());
    scenario.partition.expect(service);
    scenario
}

#[test]
fn an_expected_service_that_has_never_sent_is_reported_until_it_sends() {
    let mut scenario = expecting("api");
    scenario.idle(0.0, 200.0);
    assert_eq!(scenario.story(), ["TrafficDrop api/- firing@120"]);
    assert_eq!(scenario.transitions[0].summary, "api: expected, but has never sent anything");
    scenario.play(&healthy(200.0, 260.0));
    assert_eq!(scenario.story()[1..], ["TrafficDrop api/- resolved Clean@205"]);
}

#[test]
fn an_expected_service_that_sends_in_time_is_not_reported() {
    let mut scenario = expecting("api");
    scenario.idle(0.0, 100.0).play(&healthy(100.0, 160.0)).idle(162.0, 400.0);
    assert_eq!(scenario.story(), [""; 0]);
}

fn third(from: f64, to: f64) -> Vec<Sent> {
    steady("api", "eu", (from, to), RATE / 3.0, |_, _| ())
}

#[test]
fn silence_is_reported_in_time_however_long_after_a_new_normal_level() {
    let mut scenario = Scenario::new();
    scenario.play(&healthy(0.0, 3_600.0)).play(&third(3_600.0, 5_700.0));
    assert_eq!(scenario.transitions.len(), 2, "{:?}", scenario.story());
    assert_eq!(scenario.transitions[1].reason, Some(ResolveReason::NewNormal));
    // The silence begins as long after the drop settled as the drop began after the start. This is not a rhythm,
    // because the drop never ended.
    let silent = seconds(scenario.transitions[1].window_end) + 3_600.0;
    scenario.play(&third(5_700.0, silent)).idle(silent + 2.0, silent + 120.0);
    assert_eq!(scenario.transitions.len(), 3, "{:?}", scenario.story());
    assert!(seconds(scenario.transitions[2].window_end) <= silent + 40.0, "{:?}", scenario.story());
}

#[test]
fn two_drops_of_twenty_minutes_do_not_become_a_new_level() {
    let mut scenario = Scenario::new();
    scenario.play(&healthy(0.0, 1_800.0)).play(&third(1_800.0, 3_000.0));
    scenario.play(&healthy(3_000.0, 3_900.0)).play(&third(3_900.0, 5_100.0));
    let reasons: Vec<_> = scenario.transitions.iter().map(|transition| transition.reason).collect();
    assert_eq!(reasons, [None, Some(ResolveReason::Clean), None], "{:?}", scenario.story());
}

#[test]
fn a_service_with_occasional_requests_does_not_fire_after_a_burst() {
    let now_and_then = |from, to| steady("api", "eu", (from, to), 0.025, |_, _| ());
    let mut scenario = Scenario::new();
    scenario.play(&now_and_then(0.0, 4_000.0)).play(&healthy(4_000.0, 4_540.0)).play(&now_and_then(4_540.0, 5_200.0));
    assert_eq!(scenario.story(), [""; 0]);
}
