//! The tests of `rules/slos.yaml`: each alert, and unusual changes of metrics.

use tidewatch_slo::Slo;
use tidewatch_slo::burn::ALERTS;
use tidewatch_slo::promtool::{Check, Counter, File, SCRAPE, Scenario, Subject, spent, steady};

use super::COMMENT;

const MINUTE: u64 = 60 / SCRAPE;

/// Returns the names and contents of the two test files for `slos`, which must be those of `docs/slos`. There are two
/// because promtool evaluates all groups of a file at the same interval, and long windows don't need an evaluation
/// every half minute.
pub(super) fn files(slos: &[Slo]) -> [(&'static str, String); 2] {
    let subject = |name: &str| {
        let slo = slos.iter().find(|slo| slo.name == name);
        Subject::new(slo.unwrap_or_else(|| panic!("docs/slos has no SLO {name}")))
    };
    let pairs = || {
        [
            (subject("api-service-availability"), subject("auth-service-availability")),
            (subject("payment-service-latency"), subject("user-service-latency")),
        ]
    };
    let [hour, longer @ ..] = &ALERTS;
    let mut scenarios = vec![
        spent(hour, &pairs()),
        steady(hour, &subject("api-service-availability"), &subject("auth-service-availability")),
    ];
    scenarios.extend([
        no_traffic(),
        three_requests_at_night(),
        absent(),
        restarted(),
        no_errors_yet(),
        bridge_restarts(),
        new_installation(),
    ]);
    let rule_files = vec!["../slos.yaml".to_owned()];
    let short = File { rule_files: rule_files.clone(), every: 30, scenarios };
    let long = File { rule_files, every: 60, scenarios: longer.iter().map(|alert| spent(alert, &pairs())).collect() };
    [("slos.test.yaml", short.to_yaml(COMMENT)), ("slos-long.test.yaml", long.to_yaml(COMMENT))]
}

const REQUESTS: &str = r#"workload_requests_total{service="api-service"}"#;
const ERRORS: &str = r#"workload_errors_total{service="api-service"}"#;
const COUNT: &str = r#"workload_request_duration_seconds_count{service="api-service"}"#;
const FAST: &str = r#"workload_request_duration_seconds_bucket{service="api-service",le="0.5"}"#;
const SLO: &str = r#"slo="api-service-availability""#;

fn scenario(name: &str, series: Vec<(&str, Counter)>, checks: Vec<Check>) -> Scenario {
    let series = series.into_iter().map(|(series, counter)| (series.to_owned(), counter)).collect();
    Scenario { name: name.to_owned(), scrape: SCRAPE, series, checks }
}

fn check(minute: u64, expr: impl Into<String>, value: Option<f64>) -> Check {
    Check { at: minute * 60, expr: expr.into(), labels: "{}".to_owned(), value }
}

/// Expects no alerts for api-service; only the absence of other services' metrics may raise alerts.
fn quiet(minute: u64) -> Check {
    check(minute, r#"count(ALERTS{service="api-service"})"#, None)
}

/// Expects that no record is NaN or infinite.
fn finite(minute: u64) -> Check {
    let all = r#"{__name__=~"slo:.+"}"#;
    check(minute, format!("count({all}) - count({all} > -Inf < Inf)"), Some(0.0))
}

fn remaining(minute: u64, value: f64) -> Check {
    check(minute, format!("sum(slo:error_budget_remaining:ratio{{{SLO}}})"), Some(value))
}

fn no_traffic() -> Scenario {
    let idle = || Counter::new().rise(70 * MINUTE, 0.0);
    let series = vec![(REQUESTS, idle()), (ERRORS, idle()), (COUNT, idle()), (FAST, idle())];
    let ratios = r#"count({__name__=~"slo:error_ratio:.+",slo="api-service-availability"})"#;
    let checks = vec![finite(10), finite(69), check(69, ratios, None), remaining(69, 1.0), quiet(69)];
    scenario("no traffic yields no NaN", series, checks)
}

fn three_requests_at_night() -> Scenario {
    let idle = |minutes: u64| (minutes * MINUTE, 0.0);
    let course = [idle(30), (1, 1.0), idle(6), (1, 1.0), idle(6), (1, 1.0), idle(20)];
    let failing = || course.iter().fold(Counter::new(), |counter, (samples, each)| counter.rise(*samples, *each));
    let series = vec![
        (REQUESTS, failing()),
        (ERRORS, failing()),
        (COUNT, failing()),
        (FAST, Counter::new().rise(64 * MINUTE, 0.0)),
    ];
    // All requests of the half hour failed, which is 1,000 times the budget.
    let all = format!("sum(slo:error_ratio:rate30m{{{SLO}}} > bool 0.9)");
    let checks = vec![check(46, all, Some(1.0)), quiet(36), quiet(46), quiet(60), finite(46)];
    scenario("three requests at night that all fail notify nobody", series, checks)
}

fn absent() -> Scenario {
    let vanishes = |each: f64| Counter::new().rise(20 * MINUTE, each).missing(25 * MINUTE).rise(15 * MINUTE, each);
    let series = vec![
        (REQUESTS, vanishes(600_000.0)),
        (ERRORS, vanishes(0.0)),
        (COUNT, vanishes(600_000.0)),
        (FAST, vanishes(600_000.0)),
    ];
    let firing = |minute, value| {
        let alert = r#"{alertname="SLOIndicatorAbsent",alertstate="firing",service="api-service"}"#;
        let labels = r#"{alertname="SLOIndicatorAbsent",alertstate="firing"}"#.to_owned();
        Check { labels, ..check(minute, format!("count by (alertname, alertstate) (ALERTS{alert})"), value) }
    };
    // The last sample is at 19:45, the rates end at 24:30, and the alert fires ten minutes later.
    let checks = vec![quiet(23), firing(33, None), firing(36, Some(2.0)), firing(44, Some(2.0)), quiet(47), finite(36)];
    scenario("a metric that vanishes is reported until it is back", series, checks)
}

fn restarted() -> Scenario {
    let counts = |each: f64| Counter::new().rise(30 * MINUTE, each).restarted().rise(40 * MINUTE, each);
    let series = vec![
        (REQUESTS, counts(600_000.0)),
        (ERRORS, counts(60.0)),
        (COUNT, counts(600_000.0)),
        (FAST, counts(599_940.0)),
    ];
    let right = format!("sum(abs(slo:error_ratio:rate30m{{{SLO}}} - 0.0001) < bool 0.000001)");
    let least = format!("sum(min_over_time(slo:events:rate5m{{{SLO}}}[30m]) > bool 37000)");
    let checks =
        vec![quiet(31), quiet(34), quiet(69), check(50, right, Some(1.0)), check(50, least, Some(1.0)), finite(32)];
    scenario("counter resets change nothing", series, checks)
}

fn no_errors_yet() -> Scenario {
    let series = vec![(REQUESTS, Counter::new().rise(30 * MINUTE, 600_000.0))];
    let none = format!("sum(slo:bad_events:rate5m{{{SLO}}})");
    let checks = vec![check(10, none, Some(0.0)), remaining(29, 1.0), finite(29)];
    scenario("an error series that does not exist yet means no errors", series, checks)
}

fn bridge_restarts() -> Scenario {
    let goes_on = |each: f64| {
        let before = Counter::new().rise(20 * MINUTE, each).missing(2 * MINUTE);
        // Events counted in the meantime arrive at once.
        before.rise(1, each * (2.0 * MINUTE as f64 + 1.0)).rise(20 * MINUTE, each)
    };
    let series = vec![
        (REQUESTS, goes_on(600_000.0)),
        (ERRORS, goes_on(60.0)),
        (COUNT, goes_on(600_000.0)),
        (FAST, goes_on(599_940.0)),
    ];
    let right = format!("sum(abs(slo:error_ratio:rate30m{{{SLO}}} - 0.0001) < bool 0.000001)");
    let checks = vec![quiet(22), quiet(24), quiet(40), check(35, right, Some(1.0)), finite(23)];
    scenario("scrapes that fail for two minutes change nothing", series, checks)
}

fn new_installation() -> Scenario {
    // Half a minute of total outage, five minutes after the start: 1.2 % of the 30-day budget, although the
    // installation is new.
    let requests = Counter::new().rise(60 * MINUTE, 600_000.0);
    let errors = Counter::new().rise(5 * MINUTE, 0.0).rise(MINUTE / 2, 600_000.0).rise(54 * MINUTE, 0.0);
    let left = format!("sum(abs(slo:error_budget_remaining:ratio{{{SLO}}} - (1 - 30 / 2592)) < bool 0.002)");
    let alerts = || r#"count(ALERTS{slo="api-service-availability"})"#;
    let checks = vec![
        check(4, format!("sum(slo:error_budget_remaining:ratio{{{SLO}}})"), Some(1.0)),
        check(8, alerts(), None),
        check(15, alerts(), None),
        check(30, left, Some(1.0)),
    ];
    scenario("soon after the start, the budget covers 30 days", vec![(REQUESTS, requests), (ERRORS, errors)], checks)
}
