//! The cost of one record by number of groups, and the cost of a jump of the watermark.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use jiff::Timestamp;
use tidewatch_contract::RequestEvent;
use tidewatch_detect::{Input, Limits, Partition, Rules};

fn main() {
    divan::main();
}

/// Milliseconds since the epoch.
const START: i64 = 1_800_000_000_000;
const EVENTS: usize = 500_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

/// Returns events of `groups` groups, 10,000 per second, with the groups in pseudo-random order.
fn events(groups: usize) -> Vec<RequestEvent> {
    let event = |i: usize| RequestEvent {
        timestamp: at(START + i as i64 / 10),
        service: format!("service-{}", i.wrapping_mul(7_919) % groups),
        region: "eu-west-1".to_owned(),
        endpoint: "/orders/{id}".to_owned(),
        status_code: 200,
        request_id: String::new(),
        latency_ms: Some(20.0 + (i.wrapping_mul(31) % 200) as f64),
        method: None,
        error: None,
        trace_id: None,
        span_id: None,
    };
    (0..EVENTS).map(event).collect()
}

fn filled(events: &[RequestEvent]) -> Partition {
    let mut partition = Partition::new(0, 0, Arc::new(Rules::builtin()), Limits::default());
    for (offset, event) in (0..).zip(events) {
        partition.observe(offset, event.timestamp, Input::Event { event: event.into(), replay: false });
    }
    partition
}

#[divan::bench(args = [12, 1_000, 10_000], sample_count = 5)]
fn observe(bencher: Bencher<'_, '_>, groups: usize) {
    let events = events(groups);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| filled(black_box(&events)));
}

/// 10,000 groups fall silent, and the next event comes that many hours later.
#[divan::bench(args = [8, 72], sample_count = 5)]
fn jump(bencher: Bencher<'_, '_>, hours: i64) {
    let events = events(10_000);
    let next = RequestEvent { timestamp: at(START + hours * 3_600_000), ..events[0].clone() };
    let partition = filled(&events);
    bencher.with_inputs(|| partition.clone()).bench_local_values(|mut partition| {
        partition.observe(EVENTS as i64, next.timestamp, Input::Event { event: (&next).into(), replay: false });
        partition
    });
}

/// 10,000 groups with an event in each pane of the last twelve minutes are evaluated once, as at each hop of 5 s.
#[divan::bench(sample_count = 10)]
fn hop(bencher: Bencher<'_, '_>) {
    let mut events = events(10_000);
    events.truncate(10_000);
    let mut partition = Partition::new(0, 0, Arc::new(Rules::builtin()), Limits::default());
    let mut now = START;
    for _ in 0..12 * 12 {
        for event in &mut events {
            event.timestamp = at(now);
            let offset = partition.position();
            partition.observe(offset, event.timestamp, Input::Event { event: (&*event).into(), replay: false });
        }
        now += 5_000;
    }
    let next = RequestEvent { timestamp: at(now + 2_000), ..events[0].clone() };
    bencher.with_inputs(|| partition.clone()).bench_local_values(|mut partition| {
        partition.observe(partition.position(), next.timestamp, Input::Event { event: (&next).into(), replay: false });
        partition
    });
}
