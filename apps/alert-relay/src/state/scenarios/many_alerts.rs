//! Services with so many alerts that they need several requests.

use tidewatch_contract::AlertEvent;

use super::{machine, one};
use crate::state::Kind;
use crate::state::sample::{at, firing, read};

fn in_groups(count: usize) -> impl Iterator<Item = AlertEvent> {
    (0..count).map(|group| AlertEvent {
        fingerprint: format!("{group:04}"),
        id: format!("{group:04}"),
        ..firing("a", 0)
    })
}

#[test]
fn alerts_of_a_service_with_many_groups_are_sent_once_in_several_requests() {
    let mut machine = machine(&[Kind::Webhook]);
    for (offset, event) in (0..).zip(in_groups(600)) {
        machine.observe(read(event, offset), at(0));
    }
    let mut sizes = Vec::new();
    while let Some(delivery) = machine.due(at(0)).pop() {
        sizes.push(delivery.events.len());
        machine.finish(&delivery, true, at(0));
    }
    assert_eq!(sizes, [256, 256, 88]);
    assert_eq!(machine.pending(), 0);
}

#[test]
fn a_request_that_was_too_large_is_halved_until_it_is_accepted() {
    let mut machine = machine(&[Kind::Webhook]);
    for (offset, event) in (0..).zip(in_groups(9)) {
        machine.observe(read(event, offset), at(0));
    }
    let mut sizes = Vec::new();
    for second in (0..1_200).step_by(60) {
        let Some(delivery) = machine.due(at(second)).pop() else { break };
        sizes.push(delivery.events.len());
        let accepted = delivery.events.len() <= 2;
        if !accepted {
            machine.was_too_large(&delivery);
        }
        machine.finish(&delivery, accepted, at(second));
    }
    assert_eq!(sizes, [9, 4, 2, 2, 2, 2, 1]);
    assert_eq!(machine.pending(), 0);
}

#[test]
fn a_new_alert_does_not_wait_for_the_repetition_of_many_others() {
    let mut machine = machine(&[Kind::Alertmanager]);
    for (offset, event) in (0..).zip(in_groups(600)) {
        machine.observe(read(event, offset), at(0));
    }
    while let Some(delivery) = machine.due(at(0)).pop() {
        machine.finish(&delivery, true, at(0));
    }
    assert_eq!(machine.pending(), 0);
    let late = AlertEvent { fingerprint: "zzzz".into(), id: "zzzz".into(), ..firing("a", 30) };
    machine.observe(read(late, 600), at(30));
    let repeated = one(&mut machine, 30);
    assert_eq!((repeated.events.len(), repeated.events[0].id.as_str()), (256, "zzzz"));
}
