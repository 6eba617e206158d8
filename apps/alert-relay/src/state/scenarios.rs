//! Tests of the whole state, as scenarios.

mod many_alerts;

use super::{
    Kind, Machine, Verdict,
    machine::Delivery,
    sample::{at, firing, read, resolved},
};
use std::collections::BTreeMap;
use tidewatch_contract::{AlertEvent, AlertState};

fn machine(receivers: &[Kind]) -> Machine {
    Machine::new(receivers, &BTreeMap::new(), 1)
}

/// Returns (service, state) of every alert in a request.
fn notified(delivery: &Delivery) -> Vec<(&str, AlertState)> {
    delivery.events.iter().map(|event| (event.group["service"].as_str(), event.state)).collect()
}

/// Returns the only request that is due.
fn one(machine: &mut Machine, second: u64) -> Delivery {
    let mut due = machine.due(at(second));
    assert_eq!(due.len(), 1, "{due:?}");
    due.remove(0)
}

/// Accepts every request that is due, and returns what was sent.
fn accept_all(machine: &mut Machine, second: u64) -> Vec<(String, AlertState)> {
    let mut all = Vec::new();
    for delivery in machine.due(at(second)) {
        all.extend(notified(&delivery).into_iter().map(|(service, state)| (service.to_owned(), state)));
        machine.finish(&delivery, true, at(second));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn firing_of(service: &str) -> (String, AlertState) {
    (service.to_owned(), AlertState::Firing)
}

fn resolved_of(service: &str) -> (String, AlertState) {
    (service.to_owned(), AlertState::Resolved)
}

#[test]
fn a_webhook_receives_each_transition_once_and_in_order() {
    let mut machine = machine(&[Kind::Webhook]);
    machine.observe(read(firing("a", 0), 0), at(0));
    machine.observe(read(resolved("a", 0, 60), 1), at(0));
    let first = one(&mut machine, 0);
    assert_eq!(notified(&first), [("a", AlertState::Firing)]);
    assert!(machine.due(at(1)).is_empty(), "one request at a time");
    machine.finish(&first, true, at(1));
    assert_eq!(machine.committable(), BTreeMap::from([(0, 1)]));
    assert_eq!(accept_all(&mut machine, 1), [resolved_of("a")]);
    assert_eq!(machine.committable(), BTreeMap::from([(0, 2)]));
    assert!(machine.due(at(3_600)).is_empty(), "nothing is repeated");
}

#[test]
fn alertmanager_receives_firing_alerts_every_30_seconds_and_resolved_ones_for_15_minutes() {
    let mut machine = machine(&[Kind::Alertmanager]);
    machine.observe(read(firing("a", 0), 0), at(0));
    assert_eq!(accept_all(&mut machine, 0), [firing_of("a")]);
    assert!(machine.due(at(29)).is_empty());
    for second in [30, 60, 90] {
        assert_eq!(accept_all(&mut machine, second), [firing_of("a")]);
    }
    machine.observe(read(resolved("a", 0, 100), 1), at(100));
    assert_eq!(accept_all(&mut machine, 100), [resolved_of("a")]);
    assert_eq!(accept_all(&mut machine, 130), [resolved_of("a")]);
    assert_eq!(accept_all(&mut machine, 999), [resolved_of("a")]);
    assert!(machine.due(at(1_029)).is_empty());
}

#[test]
fn alertmanager_receives_firing_and_resolved_ten_seconds_apart() {
    let mut machine = machine(&[Kind::Alertmanager]);
    machine.observe(read(firing("a", 0), 0), at(0));
    machine.observe(read(resolved("a", 0, 60), 1), at(0));
    assert_eq!(accept_all(&mut machine, 0), [firing_of("a")]);
    assert!(machine.due(at(9)).is_empty());
    assert_eq!(accept_all(&mut machine, 10), [resolved_of("a")]);
}

#[test]
fn a_failed_request_is_repeated_after_a_growing_pause_and_commits_nothing() {
    let mut machine = machine(&[Kind::Webhook]);
    machine.observe(read(firing("a", 0), 0), at(0));
    let delivery = one(&mut machine, 0);
    machine.finish(&delivery, false, at(0));
    assert!(machine.committable().is_empty());
    assert!(machine.due(at(0)).is_empty(), "the first pause is at least a quarter of a second");
    let mut second = 0;
    for _ in 0..20 {
        // No pause is longer than 10 s.
        second += 10;
        let delivery = one(&mut machine, second);
        machine.finish(&delivery, false, at(second));
    }
    assert!(machine.due(at(second + 4)).is_empty(), "the pause has grown to at least 5 s");
    assert_eq!(accept_all(&mut machine, second + 10), [firing_of("a")]);
    assert_eq!(machine.committable(), BTreeMap::from([(0, 1)]));
}

#[test]
fn a_hanging_group_does_not_delay_another() {
    let mut machine = machine(&[Kind::Webhook]);
    machine.observe(read(firing("a", 0), 0), at(0));
    let hanging = one(&mut machine, 0);
    machine.observe(read(firing("b", 0), 1), at(0));
    assert_eq!(accept_all(&mut machine, 0), [firing_of("b")]);
    assert!(machine.committable().is_empty(), "a's record comes first and is not accepted");
    machine.finish(&hanging, false, at(5));
    assert_eq!(accept_all(&mut machine, 10), [firing_of("a")]);
    assert_eq!(machine.committable(), BTreeMap::from([(0, 2)]));
}

#[test]
fn a_receiver_that_is_down_delays_the_commit_but_no_other_receiver() {
    let mut machine = machine(&[Kind::Webhook, Kind::Webhook]);
    machine.observe(read(firing("a", 0), 0), at(0));
    for delivery in machine.due(at(0)) {
        machine.finish(&delivery, delivery.receiver == 1, at(0));
    }
    assert!(machine.committable().is_empty());
    let again = one(&mut machine, 10);
    assert_eq!(again.receiver, 0);
    machine.finish(&again, true, at(10));
    assert_eq!(machine.committable(), BTreeMap::from([(0, 1)]));
}

#[test]
fn alerts_of_one_name_and_service_share_a_request() {
    let mut machine = machine(&[Kind::Webhook]);
    for (offset, region) in ["r1", "r2", "r3"].into_iter().enumerate() {
        let mut event = firing("a", 0);
        event.fingerprint.push_str(region);
        event.id.push_str(region);
        machine.observe(read(event, offset.try_into().unwrap()), at(0));
    }
    let delivery = one(&mut machine, 0);
    assert_eq!(delivery.events.len(), 3);
    assert_eq!(machine.finish(&delivery, true, at(0)).len(), 3);
}

#[test]
fn after_a_restart_alertmanager_receives_firing_alerts_at_once_and_a_webhook_no_repetitions() {
    let log = [firing("a", 0), firing("b", 0), resolved("b", 0, 60), firing("c", 70)];
    for (kind, expected) in [
        (Kind::Alertmanager, vec![firing_of("a"), resolved_of("b"), firing_of("c")]),
        (Kind::Webhook, vec![firing_of("c")]),
    ] {
        let mut machine = Machine::new(&[kind], &BTreeMap::from([(0, 3)]), 1);
        for (offset, event) in log.iter().cloned().enumerate() {
            machine.observe(read(event, offset.try_into().unwrap()), at(80));
        }
        assert_eq!(accept_all(&mut machine, 80), expected, "{kind:?}");
        assert_eq!(machine.committable(), BTreeMap::from([(0, 4)]));
        assert_eq!(machine.firing().into_values().sum::<usize>(), 2);
    }
}

#[test]
fn a_restart_does_not_repeat_alerts_resolved_for_15_minutes() {
    let mut machine = Machine::new(&[Kind::Alertmanager], &BTreeMap::from([(0, 2)]), 1);
    machine.observe(read(firing("a", 0), 0), at(961));
    machine.observe(read(resolved("a", 0, 60), 1), at(961));
    assert!(machine.due(at(961)).is_empty());
}

#[test]
fn a_resolution_at_the_latest_possible_time_is_compared_like_any_other() {
    let mut machine = machine(&[Kind::Webhook]);
    let end = AlertEvent { fired_at: jiff::Timestamp::MAX, ..resolved("a", 0, 60) };
    machine.observe(read(end, 0), at(0));
    assert!(machine.take_stale(at(1_000)).is_empty());
}

#[test]
fn a_backlog_resolved_for_more_than_15_minutes_is_stale() {
    let log = [firing("a", 0), resolved("a", 0, 60), firing("b", 0), firing("c", 900), resolved("c", 900, 960)];
    let mut machine = machine(&[Kind::Webhook]);
    for (offset, event) in log.into_iter().enumerate() {
        machine.observe(read(event, offset.try_into().unwrap()), at(1_000));
    }
    let stale: Vec<_> = machine.take_stale(at(1_000)).into_iter().map(|(_, event)| (*event).clone()).collect();
    assert_eq!(stale, [firing("a", 0), resolved("a", 0, 60)]);
    // An alert that still fires is sent however old it is, and so is one that ended within the last 15 minutes.
    assert_eq!(accept_all(&mut machine, 1_000), [firing_of("b"), firing_of("c")]);
    assert_eq!(accept_all(&mut machine, 1_000), [resolved_of("c")]);
    assert_eq!(machine.committable(), BTreeMap::from([(0, 5)]));
}

#[test]
fn a_receiver_of_a_firing_alert_receives_its_resolution_however_late() {
    let mut machine = Machine::new(&[Kind::Webhook], &BTreeMap::from([(0, 1)]), 1);
    machine.observe(read(firing("a", 0), 0), at(9_000));
    machine.observe(read(resolved("a", 0, 60), 1), at(9_000));
    assert!(machine.take_stale(at(9_000)).is_empty());
    assert_eq!(accept_all(&mut machine, 9_000), [resolved_of("a")]);
}

#[test]
fn alerts_that_go_stale_while_the_receiver_is_down_are_not_sent() {
    let mut machine = machine(&[Kind::Webhook]);
    machine.observe(read(firing("a", 0), 0), at(0));
    let delivery = one(&mut machine, 0);
    machine.observe(read(resolved("a", 0, 60), 1), at(60));
    assert!(machine.take_stale(at(2_000)).is_empty(), "not while a request is under way");
    machine.finish(&delivery, false, at(2_000));
    assert_eq!(machine.take_stale(at(2_000)).len(), 2);
    assert!(machine.due(at(2_010)).is_empty());
    assert_eq!(machine.committable(), BTreeMap::from([(0, 2)]));
}

#[test]
fn repetitions_and_older_generations_are_skipped() {
    let mut machine = machine(&[Kind::Webhook]);
    let new = AlertEvent { generation: 2, ..firing("a", 0) };
    assert_eq!(machine.observe(read(new.clone(), 0), at(0)), Verdict::Taken);
    accept_all(&mut machine, 0);
    assert_eq!(machine.observe(read(new, 1), at(1)), Verdict::Repeated);
    assert_eq!(machine.observe(read(firing("b", 0), 2), at(1)), Verdict::OlderGeneration);
    assert!(machine.due(at(1)).is_empty());
    assert_eq!(machine.committable(), BTreeMap::from([(0, 3)]));
}

#[test]
fn a_second_firing_is_sent_on_its_own() {
    let mut machine = machine(&[Kind::Alertmanager]);
    for (offset, event) in [firing("a", 0), resolved("a", 0, 60), firing("a", 90)].into_iter().enumerate() {
        machine.observe(read(event, offset.try_into().unwrap()), at(100));
    }
    assert_eq!(accept_all(&mut machine, 100), [firing_of("a")]);
    assert_eq!(accept_all(&mut machine, 110), [resolved_of("a")]);
    let last = one(&mut machine, 120);
    assert_eq!((notified(&last), last.events[0].started_at), (vec![("a", AlertState::Firing)], at(90).wall));
}

#[test]
fn a_firing_record_behind_its_resolved_record_is_not_sent_forever() {
    let mut machine = machine(&[Kind::Alertmanager]);
    machine.observe(read(resolved("a", 0, 60), 0), at(60));
    assert_eq!(machine.observe(read(firing("a", 0), 1), at(60)), Verdict::Over);
    assert_eq!(accept_all(&mut machine, 60), [resolved_of("a")]);
    assert_eq!(accept_all(&mut machine, 90), [resolved_of("a")]);
    assert_eq!(machine.committable(), BTreeMap::from([(0, 2)]));
    assert!(machine.due(at(3_600)).is_empty());
}
