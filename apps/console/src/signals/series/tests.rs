use super::*;

fn arrival(second: i64, latency_ms: f64) -> Arrival {
    Arrival { second, latency_ms: Some(latency_ms), error: false, off_clock: false }
}

fn steady(from: i64, to: i64, latency_ms: f64) -> Series {
    let mut series = Series::new(from);
    for second in from..to {
        for _ in 0..20 {
            series.record(arrival(second, latency_ms));
        }
    }
    series
}

#[test]
fn the_window_is_ten_whole_seconds_and_ends_a_second_ago() {
    let mut series = steady(1_000, 1_030, 50.0);
    series.record(arrival(1_030, 50.0));
    let golden = series.golden(1_030);
    assert_eq!(golden.rate, 20.0, "the second that is not over does not count");
    assert_eq!(golden.error_ratio, Some(0.0));
}

#[test]
fn a_service_that_just_started_is_not_shown_as_slow() {
    let series = steady(1_000, 1_003, 50.0);
    assert_eq!(series.golden(1_004).rate, 20.0);
}

#[test]
fn quantiles_are_within_a_percent_and_cover_only_the_window() {
    let mut series = Series::new(1_000);
    for n in 1..=1_000 {
        series.record(arrival(1_000 + n % 10, n as f64));
    }
    let [p50, p95, p99] = series.golden(1_011).quantiles.unwrap();
    for (got, exact) in [(p50, 500.0), (p95, 950.0), (p99, 990.0)] {
        assert!((got - exact).abs() / exact < 0.011, "{got} is not within a percent of {exact}");
    }
    assert_eq!(series.golden(1_025).quantiles, None);
}

#[test]
fn errors_are_a_share_of_requests_and_unknown_without_any() {
    let mut series = Series::new(1_000);
    for n in 0..10 {
        series.record(Arrival { second: 1_000, latency_ms: None, error: n < 3, off_clock: false });
    }
    let golden = series.golden(1_002);
    assert_eq!(golden.error_ratio, Some(0.3));
    assert_eq!(golden.quantiles, None, "a request without latency counts for rate and errors only");
    assert_eq!(series.golden(1_100).error_ratio, None);
    assert_eq!(series.golden(1_100).rate, 0.0);
}

#[test]
fn history_keeps_ten_minutes_and_no_more() {
    let series = steady(1_000, 2_000, 50.0);
    let history = series.history(2_001, HISTORY_SECONDS, 5);
    assert_eq!(history.first().unwrap().start, 1_401);
    assert_eq!(history.last().unwrap().start, 1_995);
    assert!(history.iter().all(|bucket| bucket.rate == 20.0), "{history:?}");
    assert!(history.iter().all(|bucket| bucket.quantiles.is_some()));
}

#[test]
fn history_begins_with_the_service() {
    let series = steady(1_000, 1_020, 50.0);
    assert_eq!(series.history(1_021, HISTORY_SECONDS, 5).len(), 4);
}

#[test]
fn silence_is_a_rate_of_zero_not_a_gap() {
    let series = steady(1_000, 1_020, 50.0);
    let history = series.history(1_061, HISTORY_SECONDS, 5);
    let last = history.last().unwrap();
    assert_eq!((last.start, last.rate, last.quantiles), (1_055, 0.0, None));
}

#[test]
fn a_gap_longer_than_the_history_clears_it() {
    let mut series = steady(1_000, 1_100, 50.0);
    series.record(arrival(5_000, 70.0));
    let counted: f64 = series.history(5_002, HISTORY_SECONDS, 1).iter().map(|bucket| bucket.rate).sum();
    assert_eq!(counted, 1.0);
}

#[test]
fn a_spike_stays_in_the_history_after_its_sketch_is_dropped() {
    let mut series = steady(1_000, 1_060, 50.0);
    for _ in 0..20 {
        series.record(arrival(1_060, 900.0));
    }
    for second in 1_061..1_200 {
        series.record(arrival(second, 50.0));
    }
    let peak =
        series.history(1_200, HISTORY_SECONDS, 5).iter().filter_map(|b| b.quantiles).map(|q| q[2]).fold(0.0, f64::max);
    assert!((peak - 900.0).abs() < 10.0, "{peak}");
}

#[test]
fn an_out_of_order_record_is_counted_in_its_own_second() {
    let mut series = steady(1_000, 1_020, 50.0);
    series.record(arrival(1_005, 50.0));
    assert_eq!(series.history(1_021, HISTORY_SECONDS, 1)[5].rate, 21.0);
    series.record(arrival(300, 50.0));
    assert_eq!(series.history(1_021, HISTORY_SECONDS, 1).len(), 20, "records older than the history are skipped");
}
