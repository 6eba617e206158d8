//! The generated workload: rate, latencies, faults, and repeatability from a seed.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tidewatch_contract::{Event, RequestEvent, check_time};
use tidewatch_workload::{Emission, FaultBook, FaultKind, Generator, Injection, Malformation, Payload, Workload};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn healthy(seed: u64, seconds: i64) -> Vec<Emission> {
    Generator::new(Workload::default(), seed, at(0)).until(at(seconds), &FaultBook::new(), usize::MAX)
}

fn faulty(kind: FaultKind, value: f64) -> FaultBook {
    let mut faults = FaultBook::new();
    let injection = Injection { service: "payment-service".into(), region: Some("eu-west-1".into()), kind, value };
    faults.inject(injection, at(0), None);
    faults
}

fn events(emissions: &[Emission]) -> impl Iterator<Item = &RequestEvent> {
    emissions.iter().filter_map(|emission| match &emission.payload {
        Payload::Event(event) => Some(event),
        Payload::Malformed(..) => None,
    })
}

fn is_hurt(event: &RequestEvent) -> bool {
    event.service == "payment-service" && event.region == "eu-west-1"
}

/// Returns the latency at rank floor(q (n - 1)).
fn quantile(latencies: &mut [f64], q: f64) -> f64 {
    latencies.sort_by(f64::total_cmp);
    latencies[(q * (latencies.len() - 1) as f64) as usize]
}

#[test]
fn every_service_sends_exactly_its_rate() {
    let mut counts = [0; 4];
    for emission in healthy(1, 600) {
        counts[emission.service] += 1;
    }
    assert_eq!(counts, [12_000; 4]);
}

#[test]
fn a_stall_loses_no_event_and_changes_no_due_time() {
    let steady = {
        let mut generator = Generator::new(Workload::default(), 7, at(0));
        let mut emissions = Vec::new();
        for second in 1..=120 {
            emissions.extend(generator.until(at(second), &FaultBook::new(), usize::MAX));
        }
        emissions
    };
    let mut stalled = Generator::new(Workload::default(), 7, at(0));
    let mut emissions = stalled.until(at(10), &FaultBook::new(), usize::MAX);
    // Requests nothing for 110 s, then catches up in small portions.
    loop {
        let portion = stalled.until(at(120), &FaultBook::new(), 17);
        if portion.is_empty() {
            break;
        }
        emissions.extend(portion);
    }
    assert_eq!(emissions, steady);
    assert!(emissions.is_sorted_by_key(|emission| emission.due));
    for (emission, event) in emissions.iter().zip(events(&emissions)) {
        assert_eq!(event.timestamp, emission.due);
    }
}

#[test]
fn skipped_events_are_counted_and_the_rest_is_unchanged() {
    let all = healthy(3, 100);
    let mut generator = Generator::new(Workload::default(), 3, at(0));
    let mut emissions = generator.until(at(20), &FaultBook::new(), usize::MAX);
    let skipped: u64 = generator.skip_to(at(60)).iter().sum();
    emissions.extend(generator.until(at(100), &FaultBook::new(), usize::MAX));
    let expected: Vec<_> =
        all.iter().filter(|emission| emission.due < at(20) || emission.due >= at(60)).cloned().collect();
    assert_eq!(emissions, expected);
    assert_eq!(skipped as usize, all.len() - expected.len());
}

#[test]
fn the_same_seed_repeats_every_event_and_another_one_does_not() {
    assert_eq!(healthy(42, 30), healthy(42, 30));
    assert_ne!(healthy(42, 30), healthy(43, 30));
}

#[test]
fn every_event_is_valid_and_unique() {
    let mut ids = std::collections::HashSet::new();
    for emission in healthy(5, 60) {
        let Payload::Event(event) = emission.payload else { panic!("malformed without a fault") };
        let parsed = RequestEvent::parse(&event.to_json()).unwrap();
        assert_eq!(parsed, event);
        check_time(parsed.timestamp, emission.due).unwrap();
        assert!(ids.insert(event.request_id));
    }
}

#[test]
fn healthy_latencies_have_the_median_and_p99_of_their_profile() {
    let workload = Workload::default();
    let mut latencies: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for event in events(&healthy(11, 3600)) {
        latencies.entry(event.service.clone()).or_default().push(event.latency_ms.unwrap());
    }
    for profile in &workload.services {
        let latencies = latencies.get_mut(profile.name).unwrap();
        let (median, p99) = (quantile(latencies, 0.5), quantile(latencies, 0.99));
        assert!((median / profile.median_ms - 1.0).abs() < 0.03, "{}: median {median} ms", profile.name);
        assert!((p99 / profile.p99_ms - 1.0).abs() < 0.06, "{}: P99 {p99} ms", profile.name);
        assert!((40.0..=60.0).contains(&profile.median_ms) && (120.0..=200.0).contains(&profile.p99_ms));
    }
}

#[test]
fn failures_and_spikes_are_as_rare_as_their_profile_requires() {
    let emissions = healthy(13, 12_500);
    let failures = events(&emissions).filter(|event| event.is_error()).count();
    let slow = events(&emissions).filter(|event| event.latency_ms.unwrap() > 500.0).count();
    // One million requests: 100 failures and at most 200 spikes are expected; the bounds are five standard deviations.
    assert!((50..=150).contains(&failures), "{failures} failures");
    assert!((50..=270).contains(&slow), "{slow} slow requests");
}

#[test]
fn requests_spread_over_regions_and_endpoints() {
    let emissions = healthy(17, 600);
    let mut regions: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut routes: BTreeMap<(&str, &str, &str), u32> = BTreeMap::new();
    for event in events(&emissions) {
        *regions.entry((&event.service, &event.region)).or_default() += 1;
        *routes.entry((&event.service, event.method.as_deref().unwrap(), &event.endpoint)).or_default() += 1;
    }
    assert_eq!((regions.len(), routes.len()), (12, 20));
    assert!(regions.values().all(|count| (3700..=4300).contains(count)), "{regions:?}");
}

#[test]
fn ten_times_the_latency_in_one_region_crosses_the_objective_there_and_changes_nothing_else() {
    let emissions =
        Generator::new(Workload::default(), 19, at(0)).until(at(60), &faulty(FaultKind::Latency, 10.0), usize::MAX);
    let healthy = healthy(19, 60);
    let mut beyond = 0;
    for (event, before) in events(&emissions).zip(events(&healthy)) {
        if is_hurt(event) {
            let factor = event.latency_ms.unwrap() / before.latency_ms.unwrap();
            assert!((factor - 10.0).abs() < 0.01, "{factor}");
            beyond += u32::from(event.latency_ms.unwrap() > 500.0);
        } else {
            assert_eq!(event, before);
        }
    }
    assert!(beyond > 200, "{beyond} of about 400 beyond 500 ms");
}

#[test]
fn an_error_rate_makes_that_share_fail_and_each_failure_is_logged_with_its_request_id() {
    let emissions =
        Generator::new(Workload::default(), 23, at(0)).until(at(600), &faulty(FaultKind::ErrorRate, 0.3), usize::MAX);
    let hurt: Vec<_> = events(&emissions).filter(|event| is_hurt(event)).collect();
    let failures = hurt.iter().filter(|event| event.is_error()).count();
    let share = failures as f64 / hurt.len() as f64;
    assert!((0.25..0.35).contains(&share), "{share}");
    for (emission, event) in emissions.iter().zip(events(&emissions)) {
        let error = emission.log.as_ref().filter(|log| log.level == "ERROR");
        assert_eq!(error.is_some(), event.is_error());
        if let Some(log) = error {
            assert_eq!(log.request_id.as_deref(), Some(event.request_id.as_str()));
        }
    }
}

#[test]
fn a_silent_region_sends_neither_events_nor_logs() {
    let emissions =
        Generator::new(Workload::default(), 29, at(0)).until(at(60), &faulty(FaultKind::Silence, 1.0), usize::MAX);
    let rest: Vec<_> = healthy(29, 60)
        .into_iter()
        .filter(|emission| matches!(&emission.payload, Payload::Event(event) if !is_hurt(event)))
        .collect();
    assert_eq!(emissions, rest);
}

#[test]
fn a_skewed_clock_moves_timestamps_and_nothing_else() {
    let emissions =
        Generator::new(Workload::default(), 31, at(0)).until(at(60), &faulty(FaultKind::Skew, -120.0), usize::MAX);
    for (emission, event) in emissions.iter().zip(events(&emissions)) {
        let skew = if is_hurt(event) { SignedDuration::from_secs(-120) } else { SignedDuration::ZERO };
        assert_eq!(event.timestamp, emission.due + skew);
    }
}

#[test]
fn a_malformed_share_takes_turns_among_all_kinds() {
    let emissions =
        Generator::new(Workload::default(), 37, at(0)).until(at(60), &faulty(FaultKind::Malformed, 0.3), usize::MAX);
    let mut kinds: BTreeMap<usize, u32> = BTreeMap::new();
    for emission in &emissions {
        if let Payload::Malformed(kind, _) = &emission.payload {
            *kinds.entry(Malformation::ALL.iter().position(|other| other == kind).unwrap()).or_default() += 1;
        }
    }
    let spoilt: u32 = kinds.values().sum();
    assert!((80..=160).contains(&spoilt), "{spoilt} of about 400 at 30 %");
    assert_eq!(kinds.len(), Malformation::ALL.len());
    assert!(kinds.values().max().unwrap() - kinds.values().min().unwrap() <= 1);
}

#[test]
fn events_made_up_after_a_stall_have_the_faults_of_their_own_time() {
    let mut faults = FaultBook::new();
    let injection = Injection { service: "auth-service".into(), region: None, kind: FaultKind::ErrorRate, value: 1.0 };
    faults.inject(injection, at(10), None);
    faults.heal("auth-service", None, at(20));
    let emissions = Generator::new(Workload::default(), 41, at(0)).until(at(30), &faults, usize::MAX);
    for (emission, event) in emissions.iter().zip(events(&emissions)) {
        let hurt = event.service == "auth-service" && (at(10)..at(20)).contains(&emission.due);
        assert!(!hurt || event.is_error());
        assert!(hurt || !event.is_error() || event.service != "auth-service");
    }
}
