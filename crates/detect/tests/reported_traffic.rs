//! How often TrafficDrop fires for traffic patterns that were reported for other systems, and how the alerts end.
// The table of all rules is shown with --nocapture.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod patterns;
mod scenario;

use patterns::{ALL, Pattern, fired, named, tally, watch};
use scenario::line;
use tidewatch_contract::ResolveReason;
use tidewatch_detect::Transition;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DROP: &str = "TrafficDrop";

/// Runs the pattern with several seeds, which vary the phase of the hop and the random numbers.
fn for_seeds(pattern: Pattern, seconds: i64, check: impl Fn(&[Transition], &str)) {
    for seed in 0..3 {
        let told = watch(pattern, seconds, seed);
        let story: Vec<String> = told.iter().map(|told| format!("{}: {}", line(told), told.summary)).collect();
        check(&told, &format!("seed {seed}: {story:#?}"));
    }
}

fn never_drops(pattern: Pattern, seconds: i64) {
    for_seeds(pattern, seconds, |told, story| assert_eq!(fired(told, DROP), 0, "{story}"));
}

#[test]
fn prints_how_often_each_rule_fires_in_an_hour() {
    for (name, pattern) in ALL {
        println!("| {name} | {} |", tally(&watch(pattern, HOUR, 7)));
    }
}

#[test]
fn usual_traffic_and_traffic_without_a_baseline_do_not_fire() {
    for name in ["e4", "e6", "e7", "e7b", "e8", "e10", "e12,", "steady:"] {
        never_drops(named(name), HOUR);
    }
}

#[test]
fn a_job_that_pauses_regularly_is_reported_once() {
    let two_of_four: Pattern = |s, second| {
        if second % 240 < 120 {
            s.healthy("on", 300.0)
        }
    };
    let four_of_five: Pattern = |s, second| {
        if second % 300 < 240 {
            s.healthy("on", 300.0)
        }
    };
    let ten_of_fifteen: Pattern = |s, second| {
        if second % 900 < 600 {
            s.healthy("on", 200.0)
        }
    };
    let forty_of_sixty: Pattern = |s, second| {
        if second % HOUR < 40 * MINUTE {
            s.healthy("on", 200.0)
        }
    };
    let to_a_third: Pattern = |s, second| s.healthy("on", if second % 300 < 180 { 600.0 } else { 200.0 });
    for pattern in [named("e5"), two_of_four, four_of_five, ten_of_fifteen, forty_of_sixty, to_a_third] {
        for_seeds(pattern, 3 * HOUR, |told, story| {
            assert_eq!(fired(told, DROP), 1, "{story}");
            assert!(story.contains("resolved Clean"), "{story}");
        });
    }
}

#[test]
fn a_job_that_runs_for_less_than_a_window_is_not_reported_again_and_again() {
    let three_quarters_of_every_other_minute: Pattern = |s, second| {
        if second % 120 < 45 {
            s.healthy("on", 300.0)
        }
    };
    for_seeds(three_quarters_of_every_other_minute, HOUR, |told, story| {
        assert!(fired(told, DROP) <= 3, "{story}");
    });
}

#[test]
fn a_job_that_does_not_come_back_from_its_pause_is_reported() {
    let dies: Pattern = |s, second| {
        if second % 300 < 180 && second < 1_400 {
            s.healthy("on", 300.0)
        }
    };
    for_seeds(dies, 1_800, |told, story| {
        assert_eq!(fired(told, DROP), 2, "{story}");
        // The pause that began at 1,380 s should have ended at 1,500 s; 30 s more are due to the window, 10 s to the
        // tolerance.
        let fired_at = scenario::seconds(told.last().unwrap().window_end);
        assert!((1_530.0..=1_560.0).contains(&fired_at), "{story}");
    });
}

#[test]
fn the_end_of_a_burst_does_not_fire_if_the_usual_level_is_known() {
    never_drops(named("e11"), 3 * HOUR);
    let an_hour_of_it: Pattern = |s, second| {
        let burst = (2 * HOUR..2 * HOUR + 45 * MINUTE).contains(&second);
        s.healthy("on", if burst { 3_000.0 } else { 120.0 });
    };
    never_drops(an_hour_of_it, 4 * HOUR);
    let a_batch_by_night: Pattern = |s, second| {
        s.healthy("on", if (HOUR..HOUR + 20 * MINUTE).contains(&second) { 300.0 } else { 40.0 });
    };
    never_drops(a_batch_by_night, 3 * HOUR);
}

#[test]
fn the_end_of_a_burst_without_earlier_traffic_is_reported_once_and_ends_by_itself() {
    let to_300: Pattern = |s, second| s.healthy("on", if second < 540 { 1_800.0 } else { 300.0 });
    let to_60: Pattern = |s, second| s.healthy("on", if second < 540 { 1_500.0 } else { 60.0 });
    let to_20: Pattern = |s, second| s.healthy("on", if second < 540 { 1_500.0 } else { 20.0 });
    for (pattern, levels) in [(to_300, 298..=302), (to_60, 59..=61), (to_20, 19..=21)] {
        for_seeds(pattern, 2 * HOUR, |told, story| {
            assert_eq!(told.len(), 2, "{story}");
            let mut summaries = levels.clone().map(|level| {
                format!(
                    "x in local: traffic has stayed at {level} requests per minute for 30 min: this is the new normal \
                     level"
                )
            });
            assert!(summaries.any(|summary| told[1].summary == summary), "{story}");
            assert_eq!(told[1].reason, Some(ResolveReason::NewNormal));
            let lasted = scenario::seconds(told[1].window_end) - 540.0;
            assert!((1_800.0..=1_980.0).contains(&lasted), "{story}");
        });
    }
}

#[test]
fn a_drop_that_continues_has_no_new_normal_level() {
    let falls: Pattern = |s, second| {
        let rate = 2_000.0 / (1.0 + f64::from(second.max(1_800) as i32 - 1_800) / 300.0);
        s.healthy("on", if second < 1_800 { 2_000.0 } else { rate / 3.0 });
    };
    for_seeds(falls, 1_800 + 40 * MINUTE, |told, story| assert_eq!(told.len(), 1, "{story}"));
}

#[test]
fn silence_during_a_burst_is_reported_within_the_same_time() {
    let silent_in_a_burst: Pattern = |s, second| {
        if second < 2_100 {
            s.healthy("on", if second < 1_200 { 300.0 } else { 1_800.0 });
        }
    };
    for_seeds(silent_in_a_burst, 2_200, |told, story| {
        assert_eq!(told.len(), 1, "{story}");
        assert!(scenario::seconds(told[0].window_end) <= 2_100.0 + 40.0, "{story}");
        assert!(told[0].value < told[0].threshold, "{story}");
    });
}

#[test]
fn silence_never_becomes_normal() {
    let dies: Pattern = |s, second| {
        if second < 1_800 {
            s.healthy("on", 300.0)
        }
    };
    for_seeds(dies, 8 * HOUR, |told, story| assert_eq!(told.len(), 1, "{story}"));
}

#[test]
fn a_drop_with_silent_minutes_in_it_never_becomes_normal() {
    let limps: Pattern = |s, second| match second {
        ..1_800 => s.healthy("on", 300.0),
        _ if second % 600 < 120 => {}
        _ => s.healthy("on", 60.0),
    };
    for_seeds(limps, 1_800 + 50 * MINUTE, |told, story| assert_eq!(told.len(), 1, "{story}"));
}

const DAY: i64 = 24 * HOUR;

#[test]
fn a_fall_at_the_same_time_every_day_is_reported_only_on_the_first_day() {
    let closes: Pattern = |s, second| {
        let opened = (8 * HOUR..18 * HOUR).contains(&(second % DAY));
        s.healthy("on", if opened { 400.0 } else { 120.0 });
    };
    let told = watch(closes, 3 * DAY, 0);
    let story: Vec<String> = told.iter().map(|told| format!("{}: {}", line(told), told.summary)).collect();
    assert_eq!(told.len(), 2, "{story:#?}");
    assert_eq!(told[1].reason, Some(ResolveReason::NewNormal), "{story:#?}");
}

#[test]
fn a_service_that_is_off_at_night_is_reported_only_on_the_first_night_and_watched_by_day() {
    let sleeps: Pattern = |s, second| {
        let (of_day, is_out) = (second % DAY, (2 * DAY + 30 * MINUTE..2 * DAY + 40 * MINUTE).contains(&second));
        if of_day < 16 * HOUR && !is_out {
            s.healthy("on", 200.0);
        }
    };
    let told = watch(sleeps, 3 * DAY, 0);
    let story: Vec<String> = told.iter().map(|told| format!("{}: {}", line(told), told.summary)).collect();
    assert_eq!(told.len(), 4, "{story:#?}");
    for (alert, silent_from) in [(0, 16 * HOUR), (2, 2 * DAY + 30 * MINUTE)] {
        let told_after = scenario::seconds(told[alert].window_end) - silent_from as f64;
        assert!((30.0..=40.0).contains(&told_after), "{story:#?}");
    }
}

#[test]
fn an_outage_of_less_than_an_hour_at_the_same_time_as_yesterday_is_reported_again() {
    let fails: Pattern = |s, second| {
        let of_day = second % DAY;
        let outages = [10 * HOUR..10 * HOUR + 20 * MINUTE, 14 * HOUR..14 * HOUR + 45 * MINUTE];
        if !outages.iter().any(|outage| outage.contains(&of_day)) {
            s.healthy("on", 200.0);
        }
    };
    assert_eq!(fired(&watch(fails, 2 * DAY, 0), DROP), 4);
}
