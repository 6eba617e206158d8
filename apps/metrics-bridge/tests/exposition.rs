//! The content of a scrape in both text formats.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod support;

use std::time::{Duration, Instant};

use metrics_bridge::{Format, LATENCY_BOUNDS, Store};
use support::{Exposition, event, json, now, word};
use tidewatch_contract::RequestEvent;

const BOTH: [Format; 2] = [Format::Prometheus, Format::OpenMetrics];

/// Returns a store that has counted these events and shows all their series.
fn store(events: impl IntoIterator<Item = RequestEvent>) -> Store {
    let payloads = events.into_iter().map(|event| json(&event));
    store_of(20_000, payloads)
}

fn store_of(max_series: usize, payloads: impl IntoIterator<Item = Vec<u8>>) -> Store {
    let start = Instant::now();
    let mut store = Store::new(max_series, Duration::ZERO);
    store.restore(0, None, (0, 0)).unwrap();
    store.open(start);
    for (offset, payload) in payloads.into_iter().enumerate() {
        store.apply(0, offset as i64, Some(now()), &payload, start);
    }
    store.checkpoint(start);
    store.acknowledge(0);
    store
}

fn parse(store: &Store, format: Format) -> Exposition {
    Exposition::parse(&store.render(format))
}

#[test]
fn requests_errors_and_durations_are_counted_by_their_labels() {
    let failed = RequestEvent { status_code: 503, latency_ms: Some(500.0), ..event("a", "/x") };
    let told = RequestEvent { error: Some(true), latency_ms: None, ..event("a", "/x") };
    let store = store([event("a", "/x"), event("a", "/x"), failed, told, event("b", "/y")]);
    for format in BOTH {
        let found = parse(&store, format);
        let labels = [("service", "a"), ("region", "eu-west-1"), ("endpoint", "/x")];
        let status =
            |code| found.sum("workload_requests_total", &[labels[0], labels[1], labels[2], ("status_code", code)]);
        assert_eq!((status("200"), status("503"), status("500")), (3.0, 1.0, 0.0));
        assert_eq!(found.sum("workload_errors_total", &labels), 2.0);
        assert_eq!(found.sum("workload_errors_total", &[("service", "b")]), 0.0);
        // One of the four has no latency.
        assert_eq!(found.sum("workload_request_duration_seconds_count", &labels), 3.0);
        assert_eq!(found.sum("workload_request_duration_seconds_sum", &labels), 0.6);
        let bucket = |le| found.sum("workload_request_duration_seconds_bucket", &[labels[0], ("le", le)]);
        assert_eq!(
            (bucket("0.025"), bucket("0.05"), bucket("0.3"), bucket("0.5"), bucket("+Inf")),
            (0.0, 2.0, 2.0, 3.0, 3.0)
        );
    }
}

#[test]
fn both_formats_agree_except_for_counter_names_and_exemplars() {
    let store = store([event("a", "/x"), event("b", "/y")]);
    let (text, open) = (parse(&store, Format::Prometheus), parse(&store, Format::OpenMetrics));
    assert_eq!(text.samples, open.samples);
    assert_eq!(text.types["workload_requests_total"], "counter");
    assert_eq!(open.types["workload_requests"], "counter");
    assert!(text.exemplars.is_empty());
    assert_eq!(open.exemplars.len(), 2);
    for ((name, labels), (exemplar, value)) in &open.exemplars {
        assert_eq!((name.as_str(), labels["le"].as_str()), ("workload_request_duration_seconds_bucket", "0.05"));
        assert_eq!((exemplar["trace_id"].as_str(), *value), ("0af7651916cd43dd8448eb211c80319c", 0.05));
    }
}

#[test]
fn every_bound_is_a_bucket_and_buckets_are_cumulative() {
    let events =
        LATENCY_BOUNDS.iter().map(|bound| RequestEvent { latency_ms: Some(bound * 1000.0), ..event("a", "/x") });
    let found = parse(&store(events), Format::Prometheus);
    let mut buckets: Vec<(f64, f64)> = found
        .of("workload_request_duration_seconds_bucket", &[])
        .map(|(labels, count)| (labels["le"].parse().unwrap(), count))
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let expected: Vec<(f64, f64)> =
        LATENCY_BOUNDS.into_iter().chain([f64::INFINITY]).zip((1..=15).chain([15]).map(f64::from)).collect();
    assert_eq!(buckets, expected);
}

#[test]
fn unreadable_and_implausible_records_are_counted_by_reason_and_skipped() {
    let from = |timestamp: &str| json(&RequestEvent { timestamp: timestamp.parse().unwrap(), ..event("a", "/x") });
    let negative = json(&event("a", "/x")).iter().map(|b| *b as char).collect::<String>().replace("50.0", "-50.0");
    let payloads = vec![
        b"{\"service\"".to_vec(),
        Vec::new(),
        negative.into_bytes(),
        from("1970-01-01T00:00:00Z"),
        from("2100-01-01T00:00:00Z"),
        vec![b' '; 300 * 1024],
        json(&event("a", "/x")),
    ];
    let found = parse(&store_of(20_000, payloads), Format::Prometheus);
    let invalid = |reason| found.sum("metrics_bridge_records_invalid_total", &[("reason", reason)]);
    assert_eq!((invalid("not_json"), invalid("invalid_field")), (2.0, 1.0));
    assert_eq!((invalid("too_old"), invalid("from_future"), invalid("too_large")), (1.0, 1.0, 1.0));
    assert_eq!(found.sum("metrics_bridge_records_counted_total", &[]), 1.0);
    assert_eq!(found.sum("workload_requests_total", &[]), 1.0);
}

#[test]
fn hostile_label_values_are_exposed_unchanged_or_truncated() {
    let hostile = ["a\"b", "a\\b", "a\nb", "a\\", "\"} 1\nfake_total 7", "größe 😀", "{}", ",x=\"y\"", ""];
    for format in BOTH {
        let store = store(hostile.map(|endpoint| event("a", endpoint)));
        let found = parse(&store, format);
        for endpoint in hostile {
            assert_eq!(found.sum("workload_requests_total", &[("endpoint", endpoint)]), 1.0, "{endpoint:?}");
        }
    }
    let long = parse(&store([event(&"s".repeat(10_000), "/x"), event("a", "\u{0}\r\u{1b}")]), Format::Prometheus);
    for (labels, _) in long.of("workload_requests_total", &[]) {
        assert!(labels.values().all(|value| value.len() <= 128 && !value.contains('\0')), "{labels:?}");
    }
}

#[test]
fn the_same_labels_from_several_partitions_are_one_series() {
    let start = Instant::now();
    let mut store = Store::new(20_000, Duration::ZERO);
    for partition in 0..3 {
        store.restore(partition, None, (0, 1)).unwrap();
        store.apply(partition, 0, Some(now()), &json(&event("a", "/x")), start);
        store.checkpoint(start);
        store.acknowledge(partition);
    }
    store.open(start);
    assert_eq!(parse(&store, Format::OpenMetrics).sum("workload_requests_total", &[("status_code", "200")]), 3.0);
}

#[test]
fn a_scrape_of_12_000_series_takes_less_than_100_ms() {
    let events = (0..520).map(|number| event(&format!("service-{}", number % 10), &word(number)));
    let store = store(events);
    let mut fastest = Duration::MAX;
    let mut series = 0;
    // The fastest of several runs measures the code rather than the load on the machine.
    for _ in 0..5 {
        let start = Instant::now();
        let text = store.render(Format::OpenMetrics);
        fastest = fastest.min(start.elapsed());
        series = Exposition::parse(&text).workload_series();
    }
    println!("{series} series in {fastest:?}");
    assert!(series >= 12_000, "{series}");
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
}
