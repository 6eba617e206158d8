//! However many labels arrive, the number of series stays bounded, all labels are legal, and every event is counted.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod support;

use std::time::{Duration, Instant};

use metrics_bridge::{Format, OVERFLOW, Store};
use support::{Exposition, event, json, now, word};
use tidewatch_contract::RequestEvent;

/// Returns the exposition after these events, and the size of the largest checkpoint.
fn shown(max_series: usize, events: impl IntoIterator<Item = RequestEvent>) -> (Exposition, usize) {
    let start = Instant::now();
    let mut store = Store::new(max_series, Duration::ZERO);
    store.restore(0, None, (0, 0)).unwrap();
    store.restore(1, None, (0, 0)).unwrap();
    store.open(start);
    let mut offsets = [0, 0];
    for (number, event) in events.into_iter().enumerate() {
        store.apply((number % 2) as i32, offsets[number % 2], Some(now()), &json(&event), start);
        offsets[number % 2] += 1;
    }
    let size = store.checkpoint(start).iter().map(|(_, bytes)| bytes.len()).max().unwrap();
    store.acknowledge(0);
    store.acknowledge(1);
    (Exposition::parse(&store.render(Format::Prometheus)), size)
}

#[test]
fn a_hundred_thousand_endpoints_stay_within_the_limit_and_every_event_is_counted() {
    let (found, _) = shown(20_000, (0..100_000).map(|number| event("a", &word(number))));
    assert!(found.workload_series() <= 20_000, "{}", found.workload_series());
    assert_eq!(found.sum("workload_requests_total", &[]), 100_000.0);
    assert_eq!(found.sum("workload_request_duration_seconds_count", &[]), 100_000.0);
    let overflow = found.sum("workload_requests_total", &[("endpoint", OVERFLOW), ("status_code", OVERFLOW)]);
    assert!(overflow > 90_000.0);
    assert_eq!(found.sum("metrics_bridge_overflow_events_total", &[]), overflow);
    assert_eq!(found.sum("metrics_bridge_series_limit", &[]), 20_000.0);
}

#[test]
fn one_services_flood_of_endpoints_leaves_others_their_own_labels() {
    let flood = (0..50_000).map(|number| event("noisy", &word(number)));
    let failure = RequestEvent { status_code: 500, ..event("quiet", "/x") };
    let (found, _) = shown(5_000, flood.chain([failure]));
    assert!(found.workload_series() <= 5_000);
    assert_eq!(found.sum("workload_errors_total", &[("service", "quiet")]), 1.0);
    assert_eq!(found.sum("workload_requests_total", &[("service", "noisy")]), 50_000.0);
}

#[test]
fn a_flood_of_services_is_counted_in_the_last_resort_series() {
    let (found, _) = shown(2_000, (0..50_000).map(|number| event(&format!("s{number}"), "/x")));
    assert!(found.workload_series() <= 2_000, "{}", found.workload_series());
    assert_eq!(found.sum("workload_requests_total", &[]), 50_000.0);
    assert!(found.sum("workload_requests_total", &[("service", OVERFLOW)]) > 45_000.0);
}

#[test]
fn a_flood_of_status_codes_stays_within_the_limit() {
    let events = (0..100_000u32).map(|number| RequestEvent {
        status_code: 100 + (number % 500) as u16,
        ..event("a", &word(number as usize / 500))
    });
    let (found, _) = shown(3_000, events);
    assert!(found.workload_series() <= 3_000, "{}", found.workload_series());
    assert_eq!(found.sum("workload_requests_total", &[]), 100_000.0);
    assert_eq!(found.sum("workload_errors_total", &[]), 20_000.0);
}

#[test]
fn labels_named_overflow_are_added_to_the_overflow() {
    let flood = (0..10_000).map(|number| event("a", &word(number)));
    let (found, _) = shown(2_000, [event("a", OVERFLOW), event(OVERFLOW, OVERFLOW)].into_iter().chain(flood));
    assert_eq!(found.sum("workload_requests_total", &[]), 10_002.0);
}

#[test]
fn the_largest_checkpoint_fits_into_a_record_of_4_mib() {
    let long = "\"".repeat(120);
    let events = (0..10_000).map(|number| {
        // The number of services that leaves the least room unused.
        let service = format!("{:02}{}", number % 100, &long[2..]);
        RequestEvent { region: long.clone(), ..event(&service, &format!("{}{long}", word(number))) }
    });
    let in_one_partition = events.flat_map(|event| [event, RequestEvent { status_code: 99, ..support::event("", "") }]);
    let (found, size) = shown(50_000, in_one_partition);
    assert!(found.workload_series() > 35_000);
    println!("{size} bytes");
    assert!(size < 4 * 1024 * 1024, "{size} bytes");
}
