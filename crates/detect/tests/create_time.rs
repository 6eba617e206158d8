//! Topics that keep the producer's time: one wrong clock must not blind the other senders in its partition.
#![allow(clippy::unwrap_used, missing_docs)]

mod scenario;

use std::sync::Arc;

use scenario::{Scenario, Sent, at, event, merge, steady};
use tidewatch_contract::Appended;
use tidewatch_detect::{Limits, Partition, Rules};

/// Returns the errors of a neighbour from second 120 to 300, which fire and resolve. The neighbour is one of a
/// partition's senders.
fn neighbour() -> Vec<Sent> {
    steady("pay", "eu", (0.0, 600.0), 5.0, |number, event| {
        if (600..1_500).contains(&number) && number % 2 == 0 {
            event.status_code = 500;
        }
    })
}

/// Returns the events of a host whose clock is `skew` seconds off, in bursts of five, from second 90 on.
fn wrong_clock(skew: f64) -> Vec<Sent> {
    (90..600)
        .step_by(3)
        .flat_map(|second| {
            (0..5).map(move |i| {
                let sent_at = f64::from(second) + f64::from(i) * 0.01;
                Sent::new(sent_at, event("fast", "us", sent_at + skew))
            })
        })
        .collect()
}

/// Plays the stream as it is read: `delay` seconds after it was sent, or at the end if the reader was away for longer.
fn play(scenario: &mut Scenario, stream: &[Sent], skew: f64, read_at: impl Fn(f64) -> f64) {
    for sent in stream {
        let offset = scenario.partition.position();
        let (scenario::Payload::Event(event) | scenario::Payload::Misdated(event)) = &sent.payload else { continue };
        let claim = if event.service == "fast" { sent.appended + skew } else { sent.appended };
        let appended = Appended::ByProducer { claim: at(claim), read_at: at(read_at(sent.appended)) };
        // The reader has no broker's clock to compare the event with.
        let found = Sent { appended: sent.appended, payload: scenario::Payload::Event(event.clone()) };
        let believable = tidewatch_contract::check_time(event.timestamp, appended.of(Some(event.timestamp))).is_ok();
        let misdated = Sent { appended: sent.appended, payload: scenario::Payload::Misdated(event.clone()) };
        let input = if believable { found.input() } else { misdated.input() };
        scenario.partition.observe(offset, appended, input);
        scenario.transitions.extend(scenario.partition.take_transitions());
    }
}

/// Returns the number of late events, or 0 if the wrong clock is slow.
fn late_of(scenario: &Scenario, skew: f64) -> u64 {
    if skew < 0.0 { 0 } else { scenario.partition.totals().late }
}

fn of(scenario: &Scenario, service: &str) -> Vec<String> {
    scenario.story().into_iter().filter(|line| line.contains(service)).collect()
}

/// Returns the alerts for the neighbour's records alone, by the broker's clock.
fn expected() -> Vec<String> {
    let mut scenario = Scenario::new();
    scenario.play(&neighbour());
    let story = scenario.story();
    assert_eq!(story.len(), 2, "{story:?}");
    story
}

#[test]
fn a_wrong_clock_is_reported_and_does_not_affect_its_neighbours() {
    // A clock that is 5 s fast can't be distinguished from a correct one if its records are read 5 s later.
    let cases =
        [(-7_200.0, 0.02), (-7_200.0, 5.0), (5.0, 0.02), (90.0, 0.02), (90.0, 5.0), (7_200.0, 0.02), (7_200.0, 5.0)];
    for (skew, delay) in cases {
        let mut scenario = Scenario::new();
        let stream = merge([neighbour(), wrong_clock(skew)]);
        play(&mut scenario, &stream, skew, |sent| sent + delay);
        assert_eq!(late_of(&scenario, skew), 0, "skew {skew}, read {delay} s later");
        assert_eq!(of(&scenario, "pay/eu"), expected(), "skew {skew}");
        assert_eq!(scenario.partition.watermark(), Some(at(597.8)), "skew {skew}");
        if skew.abs() > 60.0 {
            let story = of(&scenario, "fast/us");
            assert!(story[0].starts_with("ClockSkew fast/us firing@1"), "skew {skew}: {story:?}");
        }
    }
}

#[test]
fn a_wrong_clock_does_not_affect_its_neighbours_after_a_pause_of_the_reader() {
    for (skew, away) in [(7_200.0, 600.0), (7_200.0, 36_000.0), (90.0, 3_600.0), (-7_200.0, 600.0)] {
        let mut scenario = Scenario::new();
        let stream = merge([neighbour(), wrong_clock(skew)]);
        play(&mut scenario, &stream, skew, |_| 600.0 + away);
        assert_eq!(of(&scenario, "pay/eu"), expected(), "skew {skew}, {away} s later");
    }
}

#[test]
fn a_replay_after_a_restart_has_the_same_result() {
    let skew = 7_200.0;
    let stream = merge([neighbour(), wrong_clock(skew)]);
    // In the middle of a burst, and before anyone has contradicted it.
    for crash in [900, 1_003, 1_204, 1_800] {
        let mut scenario = Scenario::new();
        play(&mut scenario, &stream[..crash], skew, |sent| sent + 0.02);
        let groups = scenario.partition.take_dirty_groups();
        let state = serde_json::to_string(&scenario.partition.state()).unwrap();
        let groups = groups.into_iter().filter_map(|(key, group)| Some((key, group?)));
        scenario.partition = Partition::restore(
            3,
            Arc::new(Rules::builtin()),
            Limits::default(),
            serde_json::from_str(&state).unwrap(),
            groups,
        );
        let floor = usize::try_from(scenario.partition.position()).unwrap();
        play(&mut scenario, &stream[floor..], skew, |sent| sent.max(300.0) + 0.02);
        assert_eq!(of(&scenario, "pay/eu"), expected(), "crash at {crash}");
    }
}

#[test]
fn a_single_sender_advances_time_after_a_pause_and_several_do_so_at_once() {
    let mut scenario = Scenario::new();
    let alone = [steady("pay", "eu", (0.0, 60.0), 5.0, |_, _| ()), steady("pay", "eu", (600.0, 660.0), 5.0, |_, _| ())];
    play(&mut scenario, &alone.concat(), 0.0, |_| 90_000.0);
    assert_eq!(scenario.partition.watermark(), Some(at(657.8)));
    let both = merge([
        steady("pay", "eu", (900.0, 901.0), 5.0, |_, _| ()),
        steady("api", "eu", (900.1, 901.0), 5.0, |_, _| ()),
    ]);
    play(&mut scenario, &both[..1], 0.0, |_| 90_000.0);
    assert_eq!(scenario.partition.watermark(), Some(at(657.8)), "one sender's word is not enough");
    play(&mut scenario, &both[1..2], 0.0, |_| 90_000.0);
    assert_eq!(scenario.partition.watermark(), Some(at(898.1)));
    assert_eq!(scenario.partition.totals().late, 0);
}

#[test]
fn an_event_from_the_future_marks_no_time_as_unwatched_after_a_restart() {
    let mut scenario = Scenario::new();
    let healthy = |from, to| steady("api", "eu", (from, to), 20.0 / 3.0, |_, _| ());
    let before = healthy(0.0, 300.0);
    scenario.play(&before).restart(Rules::builtin(), &before).unwatched(1);
    // By the broker's clock it follows directly on the records before it.
    scenario.send(&Sent::new(300.0, event("fast", "us", 7_500.0)));
    scenario.play(&healthy(300.1, 310.0));
    scenario.idle(312.0, 400.0);
    assert_eq!(of(&scenario, "api/eu"), ["TrafficDrop api/eu firing@350"]);
}

#[test]
fn a_fast_clock_alone_in_its_partition_does_not_stop_time() {
    let mut scenario = Scenario::new();
    play(&mut scenario, &wrong_clock(7_200.0), 7_200.0, |sent| sent + 0.02);
    assert!(scenario.partition.watermark() >= Some(at(580.0)), "{:?}", scenario.partition.watermark());
    let story = of(&scenario, "fast/us");
    assert!(story[0].starts_with("ClockSkew fast/us firing@1"), "{story:?}");
}
