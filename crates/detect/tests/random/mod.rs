//! Random streams with all kinds of faults: out of order, late, with pauses, jumps and idle moments.
#![allow(dead_code, unreachable_pub)]

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tidewatch_detect::Rules;

use crate::scenario::{Payload, Sent, event};

/// Small windows, so that short streams contain many of them.
pub const RULES: &str = "
group_by: [service, region]
window: 10s
hop: 1s
lateness: 1s
runbook_base: https://example.org/runbooks
rules:
  - {name: Slow, kind: latency, quantile: 90%, limit: 100ms, clear: 90ms, min_events: 10, min_bad: 2,
     low_traffic_min_bad: 3, severity: warning}
  - {name: Errors, kind: error_rate, limit: 20%, clear: 10%, min_events: 10, min_bad: 2, for_windows: 3,
     low_traffic_min_bad: 4, severity: critical}
  - {name: Drop, kind: traffic_drop, limit: 50%, clear: 70%, min_baseline: 10, clear_windows: 3, severity: warning}
  - {name: Skew, kind: clock_skew, limit: 20%, clear: 15%, min_events: 5, severity: warning}
";

pub fn rules() -> Rules {
    Rules::parse(RULES).unwrap()
}

pub const GROUPS: [(&str, &str); 3] = [("a", "eu"), ("a", "us"), ("b", "eu")];

/// One event in the life of a partition.
#[derive(Debug, Clone)]
pub enum Step {
    Record(Box<Sent>),
    /// The partition was idle at this time.
    Idle(f64),
}

/// A stretch of uniform traffic.
#[derive(Debug, Clone)]
pub struct Segment {
    seed: u64,
    seconds: u16,
    /// Events per second of each group.
    rates: [u8; 3],
    slow: f64,
    errors: f64,
    malformed: f64,
    replay: bool,
    skewed: usize,
    skew: f64,
    /// Maximum delivery delay.
    delay: f64,
    /// Length of the pause afterwards.
    pause: f64,
    /// Whether the partition is reported idle in the pause.
    idle: bool,
}

fn share() -> impl Strategy<Value = f64> {
    prop_oneof![3 => Just(0.0), 1 => 0.0..1.0]
}

pub fn segment() -> impl Strategy<Value = Segment> {
    let traffic = (any::<u64>(), 1..40_u16, prop::array::uniform3(prop_oneof![3 => 1..6_u8, 1 => Just(0)]));
    let faults = (share(), share(), share(), prop::bool::weighted(0.1));
    let skew = (0..3_usize, prop_oneof![4 => Just(0.0), 1 => -100.0..100.0, 1 => -5.0..5.0]);
    let delivery = (0.0..4.0, prop_oneof![6 => Just(0.0), 3 => 0.0..30.0, 1 => 0.0..1_500.0], any::<bool>());
    (traffic, faults, skew, delivery).prop_map(|(traffic, faults, skew, delivery)| {
        let (seed, seconds, rates) = traffic;
        let (slow, errors, malformed, replay) = faults;
        let (delay, pause, idle) = delivery;
        let (skewed, skew) = skew;
        Segment { seed, seconds, rates, slow, errors, malformed, replay, skewed, skew, delay, pause, idle }
    })
}

/// Generates healthy traffic, so that there is a baseline, followed by random segments.
pub fn segments() -> impl Strategy<Value = Vec<Segment>> {
    prop::collection::vec(segment(), 1..10).prop_map(|mut segments| {
        let calm = Segment {
            seconds: 30,
            rates: [4; 3],
            slow: 0.0,
            errors: 0.0,
            malformed: 0.0,
            pause: 0.0,
            ..segments[0].clone()
        };
        segments.insert(0, Segment { replay: false, skew: 0.0, delay: 0.5, idle: false, ..calm });
        segments
    })
}

pub fn steps(segments: &[Segment]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut from = 0.0;
    for segment in segments {
        let mut rng = StdRng::seed_from_u64(segment.seed);
        let mut sent = Vec::new();
        for (group, &(service, region)) in GROUPS.iter().enumerate() {
            for _ in 0..u32::from(segment.rates[group]) * u32::from(segment.seconds) {
                sent.push(one(segment, &mut rng, (service, region), group, from));
            }
        }
        sent.sort_by(|a: &Sent, b: &Sent| a.appended.total_cmp(&b.appended));
        steps.extend(sent.into_iter().map(|sent| Step::Record(Box::new(sent))));
        from += f64::from(segment.seconds);
        if segment.idle {
            let mut now = from + segment.delay + 2.0;
            while now < from + segment.pause {
                steps.push(Step::Idle(now));
                now += rng.random_range(1.0..30.0);
            }
        }
        from += segment.pause;
    }
    steps
}

fn one(segment: &Segment, rng: &mut StdRng, (service, region): (&str, &str), group: usize, from: f64) -> Sent {
    let time = from + rng.random_range(0.0..f64::from(segment.seconds));
    let appended = time + rng.random_range(0.0..=segment.delay);
    if rng.random_bool(segment.malformed) {
        let service = rng.random_bool(0.8).then(|| service.to_owned());
        return Sent { appended, payload: Payload::Malformed(service) };
    }
    let skew = if group == segment.skewed { segment.skew } else { 0.0 };
    let mut event = event(service, region, time + skew);
    event.latency_ms = match rng.random_range(0..10) {
        0 => None,
        _ if rng.random_bool(segment.slow) => Some(rng.random_range(90.0..500.0)),
        _ => Some(rng.random_range(0.0..95.0)),
    };
    event.error = Some(rng.random_bool(segment.errors));
    let sent = Sent::new(appended, event);
    match sent.payload {
        Payload::Event(event) if segment.replay => Sent { appended, payload: Payload::Replayed(event) },
        _ => sent,
    }
}
