//! ClockSkew: events that are late or from the future, because the sender's clock is wrong.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use scenario::{Scenario, Sent, event, merge, steady};

/// Returns the events of a healthy group whose clock is `skew` seconds off in `[from, to)`.
fn skewed_in(region: &str, skew: f64, from: f64, to: f64) -> Vec<Sent> {
    let healthy = steady("api", region, (0.0, 900.0), 20.0 / 3.0, |_, _| ());
    let skewed = healthy.into_iter().map(|sent| {
        let time = if (from..to).contains(&sent.appended) { sent.appended + skew } else { sent.appended };
        Sent::new(sent.appended, event("api", region, time))
    });
    skewed.collect()
}

#[test]
fn a_clock_ahead_or_behind_fires_only_clock_skew_until_it_is_right_again() {
    for skew in [-3_600.0, -120.0, -20.0, 90.0, 3_600.0] {
        // The whole service, in a partition shared with others and in its own.
        for alone in [false, true] {
            let mut scenario = Scenario::new();
            let other = if alone { Vec::new() } else { steady("auth", "eu", (0.0, 900.0), 2.0, |_, _| ()) };
            scenario.play(&merge([skewed_in("eu", skew, 300.0, 600.0), other]));
            let story = scenario.story();
            assert_eq!(story.len(), 2, "skew {skew}, alone {alone}: {story:?}");
            assert!(story[0].starts_with("ClockSkew api/eu firing@3"), "skew {skew}, alone {alone}: {story:?}");
            assert!(story[1].starts_with("ClockSkew api/eu resolved Clean@6"), "skew {skew}, alone {alone}: {story:?}");
        }
    }
}

#[test]
fn a_wrong_clock_in_one_region_fires_only_there() {
    let mut scenario = Scenario::new();
    scenario.play(&merge([skewed_in("eu", -120.0, 300.0, 600.0), skewed_in("us", 0.0, 0.0, 0.0)]));
    assert_eq!(scenario.story(), ["ClockSkew api/eu firing@320", "ClockSkew api/eu resolved Clean@660"]);
}

#[test]
fn a_fifth_of_late_events_does_not_fire_and_a_quarter_does() {
    for (one_in, fires) in [(5, false), (4, true)] {
        let mut scenario = Scenario::new();
        let healthy = steady("api", "eu", (0.0, 300.0), 10.0, |_, _| ());
        let mixed: Vec<Sent> = (0..)
            .zip(healthy)
            .map(|(i, sent)| {
                if i % one_in == 0 { Sent::new(sent.appended, event("api", "eu", sent.appended - 60.0)) } else { sent }
            })
            .collect();
        scenario.play(&mixed);
        assert_eq!(!scenario.transitions.is_empty(), fires, "one in {one_in} is late");
    }
}

#[test]
fn a_clock_that_was_never_set_is_a_wrong_clock() {
    let mut scenario = Scenario::new();
    let other = steady("auth", "eu", (0.0, 100.0), 2.0, |_, _| ());
    let mut ancient = steady("api", "eu", (1.0, 100.0), 2.0, |_, _| ());
    for sent in &mut ancient {
        *sent = Sent::new(sent.appended, event("api", "eu", -1.79e9));
    }
    scenario.play(&merge([other, ancient]));
    assert_eq!(scenario.story(), ["ClockSkew api/eu firing@35"]);
}
