//! Counts after a restart: they equal those of a single run, and a checkpoint that can't be used is rejected.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use metrics_bridge::{Format, Store};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use support::{Exposition, arbitrary, event, json, now, requests, save};

#[test]
fn after_any_number_of_kills_the_counts_equal_those_of_an_uninterrupted_run() {
    let random = &mut Xoshiro256PlusPlus::seed_from_u64(7);
    let events: Vec<Vec<u8>> = (0..3000).map(|_| arbitrary(random)).collect();
    let start = Instant::now();
    let read = |store: &mut Store, from: i64, to: usize| {
        for (offset, payload) in (from..).zip(&events[from as usize..to]) {
            store.apply(0, offset, Some(now()), payload, start);
        }
    };
    let mut checkpoint = None;
    for _ in 0..50 {
        let mut store = Store::new(20_000, Duration::ZERO);
        let from = store.restore(0, checkpoint.as_deref(), (0, 3000)).unwrap();
        let to = (from as usize + random.random_range(0..100)).min(events.len());
        read(&mut store, from, to);
        checkpoint = save(&mut store, start).remove(&0).or(checkpoint);
        // These are read but never saved; the next life reads them again.
        read(&mut store, to as i64, (to + 50).min(events.len()));
    }
    let shown = |checkpoint: Option<&[u8]>| {
        let mut store = Store::new(20_000, Duration::ZERO);
        let from = store.restore(0, checkpoint, (0, 3000)).unwrap();
        read(&mut store, from, events.len());
        save(&mut store, start);
        store.open(start);
        save(&mut store, start);
        Exposition::parse(&store.render(Format::Prometheus)).samples
    };
    let (interrupted, uninterrupted) = (shown(checkpoint.as_deref()), shown(None));
    for (id, value) in &uninterrupted {
        assert_eq!(interrupted.get(id), Some(value), "{id:?}");
    }
    assert_eq!(interrupted.len(), uninterrupted.len());
}

#[test]
fn records_read_twice_count_once_skipped_offsets_are_holes_and_deleted_records_are_missed() {
    let start = Instant::now();
    let mut store = Store::new(20_000, Duration::ZERO);
    store.restore(0, None, (0, 0)).unwrap();
    for offset in [0, 1, 0, 1, 5, 4] {
        store.apply(0, offset, Some(now()), &json(&event("a", "/x")), start);
    }
    let checkpoint = save(&mut store, start).remove(&0).unwrap();
    store.open(start);
    assert_eq!(requests(&store), 3.0);
    let passed_over = |store: &Store| {
        let found = Exposition::parse(&store.render(Format::Prometheus));
        ["records_missed", "hole_offsets"].map(|what| found.sum(&format!("metrics_bridge_{what}_total"), &[]))
    };
    assert_eq!(passed_over(&store), [0.0, 3.0]);
    let mut later = Store::new(20_000, Duration::ZERO);
    assert_eq!(later.restore(0, Some(&checkpoint), (10, 20)).unwrap(), 10);
    assert_eq!(passed_over(&later), [4.0, 3.0]);
}

#[test]
fn a_truncated_partition_is_read_again_and_a_recreated_one_is_counted_on_top() {
    let start = Instant::now();
    let at = |seconds| Some(now() + SignedDuration::from_secs(seconds));
    let read = |store: &mut Store, times: &[Option<Timestamp>]| {
        for (offset, time) in times.iter().enumerate() {
            store.apply(0, offset as i64, *time, &json(&event("a", "/x")), start);
        }
        save(store, start)
    };
    let mut store = Store::new(20_000, Duration::ZERO);
    store.restore(0, None, (0, 0)).unwrap();
    let checkpoint = read(&mut store, &[at(0), at(1), at(2), at(3)]).remove(&0).unwrap();

    let mut shorter = Store::new(20_000, Duration::ZERO);
    assert_eq!(shorter.restore(0, Some(&checkpoint), (0, 2)).unwrap(), 0);
    read(&mut shorter, &[at(0), at(1), at(10)]);
    shorter.open(start);
    assert_eq!(requests(&shorter), 5.0);

    let mut recreated = Store::new(20_000, Duration::ZERO);
    recreated.restore(0, Some(&checkpoint), (0, 2)).unwrap();
    read(&mut recreated, &[at(10), at(11)]);
    recreated.open(start);
    assert_eq!(requests(&recreated), 6.0);
}

#[test]
fn a_checkpoint_with_another_version_or_invalid_content_is_rejected() {
    let mut store = Store::new(20_000, Duration::ZERO);
    let error = store.restore(0, Some(br#"{"version": 2, "what": "ever"}"#), (0, 0)).unwrap_err().to_string();
    assert!(error.contains("version 2"), "{error}");
    assert!(store.restore(0, Some(b"garbage"), (0, 0)).is_err());
    assert!(store.restore(0, Some(br#"{"version": 1}"#), (0, 0)).is_err());
}
