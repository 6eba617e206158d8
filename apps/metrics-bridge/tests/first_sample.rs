//! New series are first seen at 0, and no counter is ever seen to fall, whenever the bridge is killed.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use metrics_bridge::{Format, NOT_FOUND, OVERFLOW, Store};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use support::{Exposition, arbitrary, event, json, now, requests, save, word};
use tidewatch_contract::RequestEvent;

const HOLD: Duration = Duration::from_secs(16);
const SCRAPE_INTERVAL: Duration = Duration::from_secs(15);

fn series(store: &Store) -> usize {
    Exposition::parse(&store.render(Format::Prometheus)).workload_series()
}

#[test]
fn a_new_series_is_0_for_longer_than_a_scrape_interval_and_then_shows_its_full_count() {
    let start = Instant::now();
    let mut store = Store::new(20_000, HOLD);
    store.restore(0, None, (0, 0)).unwrap();
    save(&mut store, start);
    store.open(start);
    assert_eq!(series(&store), 0);
    store.apply(0, 0, Some(now()), &json(&event("a", "/x")), start);
    assert!(series(&store) > 0, "it is exposed at once");
    assert_eq!(requests(&store), 0.0);
    store.apply(0, 1, Some(now()), &json(&event("a", "/x")), start + HOLD / 2);
    save(&mut store, start + HOLD / 2);
    assert_eq!(requests(&store), 0.0);
    let checkpoint = store.checkpoint(start + HOLD);
    assert_eq!(checkpoint.len(), 1, "a release is reason enough for a checkpoint");
    assert_eq!(requests(&store), 0.0, "the checkpoint is not acknowledged yet");
    store.acknowledge(0);
    assert_eq!(requests(&store), 2.0);
    store.apply(0, 2, Some(now()), &json(&event("a", "/x")), start + HOLD);
    assert_eq!(requests(&store), 3.0);
}

#[test]
fn a_new_status_code_of_a_known_endpoint_starts_at_0_but_failures_exist_already() {
    let start = Instant::now();
    let mut store = Store::new(20_000, HOLD);
    store.restore(0, None, (0, 0)).unwrap();
    store.open(start);
    store.apply(0, 0, Some(now()), &json(&event("a", "/x")), start);
    save(&mut store, start + HOLD);
    for (offset, status_code) in [(1, 404), (2, 503)] {
        let event = RequestEvent { status_code, ..event("a", "/x") };
        store.apply(0, offset, Some(now()), &json(&event), start + HOLD);
    }
    let found = Exposition::parse(&store.render(Format::Prometheus));
    assert_eq!(found.sum("workload_requests_total", &[("status_code", "404")]), 0.0);
    assert_eq!(found.of("workload_requests_total", &[("status_code", "404")]).count(), 1);
    assert_eq!(found.sum("workload_requests_total", &[("status_code", "503")]), 1.0);
    assert_eq!(found.sum("workload_errors_total", &[]), 1.0);
}

#[test]
fn records_from_before_the_first_start_are_not_an_increase() {
    let start = Instant::now();
    let mut store = Store::new(20_000, HOLD);
    store.restore(0, None, (0, 2)).unwrap();
    store.apply(0, 0, Some(now()), &json(&event("a", "/x")), start);
    assert!(!store.is_caught_up());
    store.apply(0, 1, Some(now()), &json(&event("a", "/x")), start);
    assert!(store.is_caught_up());
    save(&mut store, start);
    store.open(start);
    assert_eq!(requests(&store), 2.0);
}

#[test]
fn records_that_arrive_while_the_bridge_is_down_are_an_increase() {
    let start = Instant::now();
    let mut store = Store::new(20_000, HOLD);
    store.restore(0, None, (0, 0)).unwrap();
    let checkpoint = save(&mut store, start).remove(&0).unwrap();

    let mut store = Store::new(20_000, HOLD);
    assert_eq!(store.restore(0, Some(&checkpoint), (0, 1)).unwrap(), 0);
    store.apply(0, 0, Some(now()), &json(&event("a", "/x")), start);
    save(&mut store, start);
    store.open(start + HOLD);
    assert_eq!(requests(&store), 0.0);
    save(&mut store, start + HOLD);
    assert_eq!(requests(&store), 0.0, "no scrape could see the 0 before the store was open");
    save(&mut store, start + 2 * HOLD);
    assert_eq!(requests(&store), 1.0);
}

/// The state of the broker: the records written, and the latest checkpoints.
#[derive(Default)]
struct Topics {
    events: [Vec<Vec<u8>>; 3],
    checkpoints: BTreeMap<i32, Vec<u8>>,
}

#[test]
fn no_counter_falls_or_starts_above_0_whenever_the_bridge_is_killed() {
    for seed in 0..16 {
        let random = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut topics = Topics::default();
        let mut now = Instant::now();
        let mut seen: BTreeMap<(String, support::Labels), f64> = BTreeMap::new();
        // Small enough to overflow, within one life of the bridge or over several.
        let max_series = random.random_range(600..2200);
        let mut first_life = true;
        for _ in 0..8 {
            let mut store = Store::new(max_series, HOLD);
            let mut next = [0; 3];
            let mut scraped = now;
            for (partition, next) in (0..3).zip(&mut next) {
                let high = topics.events[partition as usize].len() as i64;
                let checkpoint = topics.checkpoints.get(&partition).map(Vec::as_slice);
                *next = store.restore(partition, checkpoint, (0, high)).unwrap() as usize;
            }
            for _ in 0..random.random_range(50..400) {
                now += Duration::from_millis(random.random_range(0..500));
                let partition = random.random_range(0..3);
                // A scrape may be late, but not by more than the hold allows.
                let overdue = store.is_open() && now.duration_since(scraped) >= SCRAPE_INTERVAL;
                match if overdue { 21 } else { random.random_range(0..24) } {
                    0..10 => topics.events[partition].push(arbitrary(random)),
                    10..21 => {
                        for _ in 0..random.random_range(0..4) {
                            let Some(payload) = topics.events[partition].get(next[partition]) else { break };
                            store.apply(partition as i32, next[partition] as i64, Some(support::now()), payload, now);
                            next[partition] += 1;
                        }
                    }
                    21 if store.is_open() => {
                        scraped = now;
                        let found = Exposition::parse(&store.render(Format::OpenMetrics));
                        assert!(found.workload_series() <= max_series);
                        for (id, value) in found.samples.into_iter().filter(|((name, _), _)| !name.ends_with("series"))
                        {
                            let before = seen.get(&id).copied();
                            assert!(
                                before.is_none_or(|before| before <= value),
                                "seed {seed}: {id:?} fell from {before:?} to {value}"
                            );
                            let folded = id.1.values().any(|value| [OVERFLOW, NOT_FOUND].contains(&value.as_str()));
                            let workload = id.0.starts_with("workload_");
                            assert!(
                                before.is_some() || value == 0.0 || first_life || folded || !workload,
                                "seed {seed}: {id:?} starts at {value}"
                            );
                            seen.insert(id, value);
                        }
                        first_life = false;
                    }
                    _ => {
                        let caught_up = store.is_caught_up();
                        let mut all = true;
                        for (partition, bytes) in store.checkpoint(now) {
                            // The checkpoint may be lost, or stored while its acknowledgement is lost.
                            let (stored, acknowledged) =
                                [(true, true), (true, false), (false, false)][random.random_range(0..3)];
                            if stored {
                                topics.checkpoints.insert(partition, bytes);
                            }
                            if acknowledged {
                                store.acknowledge(partition);
                            }
                            all &= acknowledged;
                        }
                        if caught_up && all && !store.is_open() {
                            store.open(now);
                            scraped = now;
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_overflow_does_not_fall_when_a_restart_frees_room() {
    let start = Instant::now();
    let restored = || {
        let mut store = Store::new(600, Duration::ZERO);
        store.restore(0, None, (0, 0)).unwrap();
        store.restore(1, None, (0, 0)).unwrap();
        store
    };
    let fill = |store: &mut Store| {
        for offset in 0..30 {
            store.apply(0, offset, Some(now()), &json(&event("a", &word(offset as usize))), start);
        }
    };
    let late = |store: &mut Store| {
        for offset in 0..5 {
            store.apply(1, offset, Some(now()), &json(&event("a", "/late")), start);
        }
    };
    let overflow = |store: &Store| {
        Exposition::parse(&store.render(Format::Prometheus)).sum("metrics_bridge_overflow_events_total", &[])
    };
    let mut before = restored();
    before.open(start);
    fill(&mut before);
    late(&mut before);
    let seen = overflow(&before);
    // Nothing was saved. The next life reads the partitions in a different order.
    let mut after = restored();
    late(&mut after);
    fill(&mut after);
    after.open(start);
    save(&mut after, start);
    let then = overflow(&after);
    save(&mut before, start);
    assert!(overflow(&before) > then, "the order matters");
    assert!(seen <= then, "{seen} was exposed, and then {then}");
}
