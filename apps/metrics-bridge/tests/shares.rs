//! A service that uses up series for ids, scanners or regions takes none from other services, before and after a
//! restart.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::time::{Duration, Instant};

use metrics_bridge::{Format, NOT_FOUND, OVERFLOW, Store};
use support::{Exposition, event, json, now, word};
use tidewatch_contract::RequestEvent;

const MOST_SERIES: usize = 5_000;
const REQUESTS: &str = "workload_requests_total";

/// Counts these events in a store, each service's events in one partition, as by default.
fn counting(store: &mut Store, events: impl IntoIterator<Item = RequestEvent>) {
    let start = Instant::now();
    for event in events {
        let partition = i32::from(event.service != "noisy");
        let offset = store.positions()[&partition];
        store.apply(partition, offset, Some(now()), &json(&event), start);
    }
}

fn restored(checkpoints: &[(i32, Vec<u8>)]) -> Store {
    let mut store = Store::new(MOST_SERIES, Duration::ZERO);
    for partition in 0..2 {
        let checkpoint = checkpoints.iter().find(|(number, _)| *number == partition);
        store.restore(partition, checkpoint.map(|(_, bytes)| bytes.as_slice()), (0, 1_000_000)).unwrap();
    }
    store.open(Instant::now());
    store
}

fn saved(store: &mut Store) -> Vec<(i32, Vec<u8>)> {
    let checkpoints = store.checkpoint(Instant::now());
    for (partition, _) in &checkpoints {
        store.acknowledge(*partition);
    }
    checkpoints
}

fn shown(store: &mut Store) -> Exposition {
    saved(store);
    Exposition::parse(&store.render(Format::Prometheus))
}

fn endpoints(found: &Exposition, service: &str) -> usize {
    found
        .of("workload_errors_total", &[("service", service)])
        .filter(|(labels, _)| labels["endpoint"] != OVERFLOW)
        .count()
}

fn flood() -> impl Iterator<Item = RequestEvent> {
    (0..20_000).map(|number| event("noisy", &word(number)))
}

/// Returns the events of eight services with eight endpoints each.
fn quiet() -> impl Iterator<Item = RequestEvent> {
    (0..64).map(|number| event(&format!("quiet{}", word(number / 8)), &word(number % 8)))
}

fn with_status(status_code: u16, event: RequestEvent) -> RequestEvent {
    RequestEvent { status_code, ..event }
}

#[test]
fn services_that_start_after_a_flood_have_all_their_endpoints() {
    let mut store = restored(&[]);
    counting(&mut store, flood().chain(quiet()));
    let found = shown(&mut store);
    for service in 0..8 {
        assert_eq!(endpoints(&found, &format!("quiet{}", word(service))), 8);
    }
    assert!(endpoints(&found, "noisy") > 50, "a service may use what no other needs");
    assert_eq!(found.sum(REQUESTS, &[("service", "noisy")]), 20_000.0);
    assert!(found.workload_series() <= MOST_SERIES);
}

#[test]
fn a_restart_changes_no_share() {
    let mut before = restored(&[]);
    counting(&mut before, flood());
    let noisy = endpoints(&shown(&mut before), "noisy");
    let mut before = restored(&[]);
    counting(&mut before, flood());

    let mut after = restored(&saved(&mut before));
    counting(&mut after, flood().map(|event| RequestEvent { endpoint: format!("/new{}", event.endpoint), ..event }));
    counting(&mut after, quiet());
    let found = shown(&mut after);
    assert_eq!(endpoints(&found, "noisy"), noisy, "its series are kept, and none is added");
    assert_eq!(endpoints(&found, "quiet/a"), 8);
    assert_eq!(found.sum(REQUESTS, &[("service", "noisy")]), 40_000.0);
}

#[test]
fn endpoints_that_differ_only_in_ids_are_one_endpoint() {
    let mut store = restored(&[]);
    let uuids = (0..20_000u128).map(|number| {
        let digits = format!("{:032x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let uuid = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-");
        event("noisy", &format!("/orders/{uuid}?page=1"))
    });
    counting(&mut store, uuids);
    let found = shown(&mut store);
    assert_eq!(found.sum(REQUESTS, &[("endpoint", "/orders/:id")]), 20_000.0);
    assert_eq!(endpoints(&found, "noisy"), 1);
}

#[test]
fn ids_in_an_endpoint_are_folded_before_it_is_truncated() {
    let mut store = restored(&[]);
    let long = "x".repeat(110);
    counting(&mut store, (0..50).map(|number| event("a", &format!("/{long}/{}", 10_u64.pow(18) + number))));
    assert_eq!(endpoints(&shown(&mut store), "a"), 1);
}

#[test]
fn paths_that_only_ever_returned_404_are_one_endpoint() {
    let mut store = restored(&[]);
    let scan = (0..20_000).map(|number| with_status(404, event("noisy", &format!("{}.php", word(number)))));
    counting(&mut store, [event("noisy", "/cart")].into_iter().chain(scan));
    counting(&mut store, [with_status(404, event("noisy", "/cart")), with_status(404, event("quiet", "/late"))]);
    counting(&mut store, [event("quiet", "/late"), with_status(404, event("quiet", "/late"))]);
    let found = shown(&mut store);
    let requests = |service, endpoint, code| {
        found.sum(REQUESTS, &[("service", service), ("endpoint", endpoint), ("status_code", code)])
    };
    assert_eq!(requests("noisy", NOT_FOUND, "404"), 20_000.0);
    assert_eq!((requests("noisy", "/cart", "200"), requests("noisy", "/cart", "404")), (1.0, 1.0));
    assert_eq!((requests("quiet", NOT_FOUND, "404"), requests("quiet", "/late", "404")), (1.0, 1.0));
    assert_eq!(endpoints(&found, "noisy"), 2);
    assert_eq!(found.sum("workload_request_duration_seconds_count", &[("endpoint", NOT_FOUND)]), 20_001.0);
    assert_eq!(
        found.sum("metrics_bridge_overflow_events_total", &[]),
        0.0,
        "they are counted under their own endpoint"
    );
}

#[test]
fn paths_not_found_are_still_one_endpoint_after_a_restart() {
    let mut before = restored(&[]);
    counting(&mut before, (0..100).map(|number| with_status(404, event("noisy", &word(number)))));
    let mut after = restored(&saved(&mut before));
    counting(&mut after, [with_status(404, event("noisy", "/again"))]);
    assert_eq!(shown(&mut after).sum(REQUESTS, &[("endpoint", NOT_FOUND), ("status_code", "404")]), 101.0);
}

#[test]
fn a_flood_of_regions_leaves_every_service_its_totals() {
    let mut store = restored(&[]);
    let regions = (0..20_000).map(|number| RequestEvent { region: word(number), ..event("noisy", "/x") });
    counting(&mut store, regions);
    // There is no room for their endpoints, but there is for the overflow of each.
    let floods =
        (0..10).flat_map(|service| (0..500).map(move |number| event(&format!("s{}", word(service)), &word(number))));
    counting(&mut store, floods);
    let found = shown(&mut store);
    assert_eq!(found.sum(REQUESTS, &[("service", "noisy")]), 20_000.0);
    for service in 0..10 {
        assert_eq!(found.sum(REQUESTS, &[("service", &format!("s{}", word(service)))]), 500.0);
    }
    assert_eq!(found.sum(REQUESTS, &[("service", OVERFLOW)]), 0.0);
    assert!(found.workload_series() <= MOST_SERIES);
}

#[test]
fn services_beyond_the_limit_are_counted_together() {
    let services = |range: std::ops::Range<usize>| range.map(|number| event(&format!("s{}", word(number)), "/x"));
    let mut before = restored(&[]);
    counting(&mut before, flood().take(2_000).chain(services(0..1_000)));
    let mut after = restored(&saved(&mut before));
    counting(&mut after, services(1_000..2_000));
    for (mut store, requests) in [(before, 3_000.0), (after, 4_000.0)] {
        let found = shown(&mut store);
        assert!(found.workload_series() <= MOST_SERIES, "{}", found.workload_series());
        assert!(found.sum(REQUESTS, &[("service", OVERFLOW)]) > 0.0);
        assert_eq!(found.sum(REQUESTS, &[]), requests);
    }
}

#[test]
fn new_status_codes_of_known_endpoints_stay_within_the_limit() {
    let mut store = restored(&[]);
    let codes = (200..500).flat_map(|code| (0..70).map(move |number| with_status(code, event("noisy", &word(number)))));
    counting(&mut store, codes);
    let found = shown(&mut store);
    assert!(found.workload_series() <= MOST_SERIES, "{}", found.workload_series());
    assert_eq!(found.sum(REQUESTS, &[]), 21_000.0);
}
