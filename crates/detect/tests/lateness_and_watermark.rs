//! The watermark of a partition, and late events.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use scenario::{Payload, Scenario, Sent, at, event, steady};
use tidewatch_detect::Disposition;

fn sent(time: f64, appended: f64) -> Sent {
    Sent::new(appended, event("api", "eu", time))
}

#[test]
fn the_watermark_is_two_seconds_behind_the_newest_event() {
    let mut scenario = Scenario::new();
    assert_eq!(scenario.partition.watermark(), None);
    scenario.send(&sent(10.0, 10.5));
    scenario.send(&sent(8.0, 11.0));
    assert_eq!(scenario.partition.watermark(), Some(at(8.0)));
}

#[test]
fn an_event_ahead_of_the_broker_advances_the_watermark_only_to_its_append_time() {
    let mut scenario = Scenario::new();
    scenario.send(&sent(69.0, 10.0));
    assert_eq!(scenario.partition.watermark(), Some(at(8.0)));
    assert_eq!(scenario.send(&sent(10.0, 11.0)), Disposition::Windowed);
}

#[test]
fn an_event_is_late_once_a_window_with_its_pane_was_evaluated() {
    let mut scenario = Scenario::new();
    scenario.send(&sent(100.0, 100.0));
    scenario.send(&sent(106.9, 106.9));
    assert_eq!(scenario.partition.judged_until(), Some(at(100.0)));
    assert_eq!(scenario.send(&sent(100.0, 106.9)), Disposition::Windowed);
    assert_eq!(scenario.send(&sent(99.9, 106.9)), Disposition::Late);
    scenario.send(&sent(107.0, 107.0));
    assert_eq!(scenario.partition.judged_until(), Some(at(105.0)));
    assert_eq!(scenario.send(&sent(104.9, 107.0)), Disposition::Late);
    assert_eq!(scenario.send(&sent(105.0, 107.0)), Disposition::Windowed);
    assert_eq!((scenario.partition.totals().windowed, scenario.partition.totals().late), (5, 2));
}

#[test]
fn idle_time_advances_the_watermark_and_older_events_are_late() {
    let mut scenario = Scenario::new();
    scenario.send(&sent(100.0, 100.0));
    scenario.partition.advance_idle(at(130.0));
    assert_eq!(scenario.partition.judged_until(), Some(at(125.0)));
    assert_eq!(scenario.send(&sent(124.0, 130.0)), Disposition::Late);
    scenario.partition.advance_idle(at(110.0));
    assert_eq!(scenario.partition.watermark(), Some(at(128.0)), "it never goes back");
}

#[test]
fn idle_time_does_not_start_a_partition_that_was_never_used() {
    let mut scenario = Scenario::new();
    scenario.idle(0.0, 300.0);
    assert_eq!((scenario.partition.watermark(), scenario.partition.judged_until()), (None, None));
    assert_eq!(scenario.partition.totals().windows, 0);
}

#[test]
fn every_window_is_evaluated_even_if_the_watermark_jumps() {
    let mut scenario = Scenario::new();
    // Errors for a minute, then nothing for an hour: the windows in between saw the errors end.
    scenario.play(&steady("pay", "eu", (0.0, 60.0), 1.5, |_, event| event.status_code = 500));
    scenario.send(&sent(3_660.0, 3_660.0));
    assert_eq!(scenario.story()[0], "HighErrorRate pay/eu firing@10");
    assert_eq!(scenario.story()[1], "HighErrorRate pay/eu resolved NoData@720");
    assert_eq!(scenario.partition.totals().windows, 732);
}

#[test]
fn records_without_a_credible_time_do_not_start_the_evaluation() {
    let mut scenario = Scenario::new();
    let malformed = Sent { appended: 5.0, payload: Payload::Malformed(Some("api".to_owned())) };
    let mut ancient = event("api", "eu", 0.0);
    ancient.timestamp = jiff::Timestamp::UNIX_EPOCH;
    assert_eq!(scenario.send(&malformed), Disposition::DeadLettered);
    assert_eq!(scenario.send(&Sent::new(6.0, ancient)), Disposition::DeadLettered);
    assert_eq!(scenario.partition.watermark(), None);
    assert_eq!(scenario.send(&sent(7.0, 7.0)), Disposition::Windowed);
    assert_eq!(scenario.partition.watermark(), Some(at(5.0)));
}

#[test]
fn a_jump_over_decades_is_evaluated_at_once() {
    let mut scenario = Scenario::new();
    let mut first = event("api", "eu", 0.0);
    first.timestamp = "2001-01-01T00:00:00Z".parse().unwrap();
    scenario.send(&Sent::new(0.0, first));
    let begin = std::time::Instant::now();
    scenario.send(&sent(1.0, 1.0));
    assert!(scenario.partition.totals().windows > 100_000_000);
    assert!(begin.elapsed() < std::time::Duration::from_secs(5), "took {:?}", begin.elapsed());
}

#[test]
fn no_rule_evaluates_windows_with_lost_records() {
    let mut scenario = Scenario::new();
    let failing = |range| steady("pay", "eu", range, 10.0, |_, event| event.status_code = 500);
    scenario.play(&steady("pay", "eu", (0.0, 100.0), 10.0, |_, _| ()));
    scenario.partition.skip_lost(1_500);
    scenario.play(&failing((150.0, 300.0)));
    assert_eq!(scenario.partition.totals().lost, 500);
    assert_eq!(scenario.partition.position(), 3_000);
    // Complete windows begin with the pane after the first record following the gap, and end a minute later.
    assert_eq!(scenario.story(), ["HighErrorRate pay/eu firing@220"]);
}
