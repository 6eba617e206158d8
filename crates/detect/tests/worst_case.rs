//! Seconds from the injection of a fault to its alert, over all phases of the hop, compared with the design's worst
//! cases.
// The figures are shown with --nocapture.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod scenario;
mod workload;

use scenario::{Scenario, Sent, at, seconds};
use tidewatch_contract::AlertState;
use tidewatch_workload::{FaultBook, FaultKind, Injection};

/// The broken service, which is alone in its partition, as most are.
const SERVICE: &str = "payment-service";
/// Time from an event to when it is read.
const DELIVERY: f64 = 1.5;
/// How long a partition must have been silent before the clock advances its watermark.
const IDLE_AFTER: f64 = 2.0;
const INJECTED: f64 = 200.0;
const HEALED: f64 = 290.0;
const UNTIL: f64 = 400.0;

/// Returns the time at which each transition is known: when the record that causes it is read, or the idle clock
/// advances.
fn told_at(stream: &[Sent]) -> Vec<(f64, String, AlertState)> {
    let mut scenario = Scenario::new();
    let mut told = Vec::new();
    let mut last_read: f64 = 0.0;
    let mut next = stream.iter().peekable();
    let mut now = 0.0;
    // The processor's clock ticks ten times per second.
    while now < UNTIL + DELIVERY {
        while let Some(sent) = next.next_if(|sent| seconds_of(sent) + DELIVERY <= now) {
            scenario.send(sent);
            last_read = now;
        }
        if now - last_read >= IDLE_AFTER && last_read > 0.0 {
            scenario.partition.advance_idle(at(now));
            scenario.transitions.extend(scenario.partition.take_transitions());
        }
        for transition in scenario.transitions.drain(..) {
            told.push((now, transition.rule.clone(), transition.state));
        }
        now += 0.1;
    }
    told
}

fn seconds_of(sent: &Sent) -> f64 {
    match &sent.payload {
        scenario::Payload::Event(event) => seconds(event.timestamp),
        _ => unreachable!("only events are sent"),
    }
}

/// Returns the worst number of seconds to fire and to resolve over the phases of the hop.
fn worst(rule: &str, kind: FaultKind, value: f64) -> (f64, f64) {
    let (mut worst_fired, mut worst_resolved) = (0.0_f64, 0.0_f64);
    for trial in 0..20_u32 {
        let phase = f64::from(trial) * 0.25;
        let (injected, healed) = (INJECTED + phase, HEALED + phase);
        let mut faults = FaultBook::new();
        faults.inject(Injection { service: SERVICE.to_owned(), region: None, kind, value }, at(injected), None);
        faults.heal(SERVICE, None, at(healed));
        let mut stream = workload::simulated(u64::from(trial), UNTIL, &faults);
        stream.retain(|sent| matches!(&sent.payload, scenario::Payload::Event(event) if event.service == SERVICE));
        stream.sort_by(|a, b| seconds_of(a).total_cmp(&seconds_of(b)));
        let told = told_at(&stream);
        assert!(told.iter().all(|(_, told, _)| told == rule), "only {rule}: {told:?}");
        let fired = told.iter().find(|(_, _, state)| *state == AlertState::Firing).unwrap().0 - injected;
        let resolved = told.iter().rfind(|(_, _, state)| *state == AlertState::Resolved).unwrap().0 - healed;
        assert_eq!(told.len(), 6, "each region's alert starts and ends once: {told:?}");
        worst_fired = worst_fired.max(fired);
        worst_resolved = worst_resolved.max(resolved);
    }
    println!("{rule}: fires within {worst_fired:.1} s, resolves within {worst_resolved:.1} s");
    (worst_fired, worst_resolved)
}

#[test]
fn ten_times_the_latency_fires_within_17_s_and_resolves_within_74_s() {
    let (fired, resolved) = worst("HighLatencyP99", FaultKind::Latency, 10.0);
    assert!(fired <= 17.0 && resolved <= 74.0, "fired after {fired:.1} s, resolved after {resolved:.1} s");
}

#[test]
fn thirty_percent_of_errors_fire_within_24_s_and_resolve_within_74_s() {
    let (fired, resolved) = worst("HighErrorRate", FaultKind::ErrorRate, 0.3);
    assert!(fired <= 24.0 && resolved <= 74.0, "fired after {fired:.1} s, resolved after {resolved:.1} s");
}

#[test]
fn silence_fires_within_47_s_and_resolves_within_74_s() {
    let (fired, resolved) = worst("TrafficDrop", FaultKind::Silence, 1.0);
    assert!(fired <= 47.0 && resolved <= 74.0, "fired after {fired:.1} s, resolved after {resolved:.1} s");
}
