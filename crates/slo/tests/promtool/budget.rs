//! The remaining budget matches the definition for outages of known length under uneven traffic.

use tidewatch_slo::promtool::{Check, Counter, File, Scenario};
use tidewatch_slo::{Indicator, Slo};

use crate::run::Promtool;

/// Seconds between two samples.
const SCRAPE: u64 = 60;
const HOUR: u64 = 3_600 / SCRAPE;
const DAY: u64 = 24 * HOUR;

/// A stretch of time: number of samples, requests between two of them, share of failed requests.
type Stretch = (u64, f64, f64);

/// Returns days whose traffic varies by the hour of the day (nights have a tenth) and by the day of the week, with
/// `outages` of `(start, length, share)` in samples.
fn course(days: u64, outages: &[(u64, u64, f64)]) -> Vec<Stretch> {
    let mut minutes = Vec::new();
    for sample in 0..days * DAY {
        let hour = sample / HOUR % 24;
        let weekend = if sample / DAY % 7 >= 5 { 0.5 } else { 1.0 };
        let requests = weekend
            * match hour {
                0..6 => 600.0,
                6..9 | 19..24 => 3_000.0,
                _ => 6_000.0,
            };
        let bad = outages.iter().find(|(start, length, _)| (*start..start + length).contains(&sample));
        minutes.push((1, requests, bad.map_or(0.0, |(_, _, share)| *share)));
    }
    minutes
}

/// Returns the share of the budget that is left over the last `window` samples before `at` by definition: bad events
/// over all events.
fn left(course: &[Stretch], at: u64, window: u64, budget: f64) -> f64 {
    let inside = &course[at.saturating_sub(window) as usize..at as usize];
    let all: f64 = inside.iter().map(|(_, requests, _)| requests).sum();
    let bad: f64 = inside.iter().map(|(_, requests, share)| (requests * share).round()).sum();
    1.0 - bad / all / budget
}

/// Merges stretches of equal samples.
fn joined(course: &[Stretch]) -> Vec<Stretch> {
    let mut joined: Vec<Stretch> = Vec::new();
    for (samples, requests, share) in course {
        match joined.last_mut() {
            Some((before, same, bad)) if (*same, *bad) == (*requests, *share) => *before += samples,
            _ => joined.push((*samples, *requests, *share)),
        }
    }
    joined
}

/// Returns whether a record is needed for the budget: base records, tiles, and the budget itself.
fn of_the_budget(record: &str) -> bool {
    const NAMES: [&str; 6] = [
        "slo:events:rate5m",
        "slo:bad_events:rate5m",
        "slo:error_budget:ratio",
        "slo:events:avg10m",
        "slo:bad_events:avg10m",
        "slo:error_budget_remaining:ratio",
    ];
    NAMES.contains(&record)
        || ["7d", "30d"].iter().any(|window| {
            [
                format!("slo:bad_events:increase{window}"),
                format!("slo:events:projected{window}"),
                format!("slo:error_ratio:rate{window}"),
            ]
            .contains(&record.to_owned())
        })
}

fn agrees(test: &str, days: u64, slo: Slo, outages: &[(u64, u64, f64)]) {
    let slo = std::slice::from_ref(&slo);
    let Some(promtool) = Promtool::with_rules(test, slo, of_the_budget) else { return };
    let slo = &slo[0];
    let course = course(days + 1, outages);
    let Indicator::Bad { bad, total, .. } = &slo.indicator else { panic!("{:?}", slo.indicator) };
    // The first sample is at the start; events of the first minute are in the second sample.
    let count = |each: fn(f64, f64) -> f64| {
        joined(&course).iter().fold(Counter::new().rise(1, 0.0), |counter, (samples, requests, share)| {
            counter.rise(*samples, each(*requests, *share))
        })
    };
    let window = slo.window.span().as_millis() / 1_000 / SCRAPE;
    let times = [days * DAY, days * DAY + 7 * HOUR, (days + 1) * DAY - 20];
    let checks = times.map(|at| Check {
        at: at * SCRAPE,
        expr: "sum(slo:error_budget_remaining:ratio)".to_owned(),
        labels: "{}".to_owned(),
        // Never true, so that promtool prints the actual value.
        value: Some(-1_000.0),
    });
    let scenario = Scenario {
        name: "a budget".to_owned(),
        scrape: SCRAPE,
        series: vec![
            (total.text.clone(), count(|requests, _| requests)),
            (bad.text.clone(), count(|requests, share| requests * share)),
        ],
        checks: checks.into(),
    };
    let file = File { rule_files: vec!["rules.yaml".to_owned()], every: 120, scenarios: vec![scenario] };
    let output = promtool.test(&file.to_yaml("A test."));
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let got: Vec<f64> = said.lines().filter_map(|line| line.trim().strip_prefix("got: {} ")?.parse().ok()).collect();
    assert_eq!(got.len(), times.len(), "{said}");
    for (at, got) in times.into_iter().zip(got) {
        let right = left(&course, at, window, slo.budget());
        println!(
            "day {:.2}: {:.4} % left, by the definition {:.4} %",
            at as f64 / DAY as f64,
            got * 100.0,
            right * 100.0
        );
        assert!((got - right).abs() < 0.001, "after {at} min: {got}, by the definition {right}");
    }
}

fn availability(window: &str) -> Slo {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/slos/api-service.yaml")).unwrap();
    let slos = tidewatch_slo::parse("api-service.yaml", &text.replace("30d", window)).unwrap();
    slos.into_iter().find(|slo| slo.name.ends_with("availability")).unwrap()
}

#[test]
fn seven_days_of_uneven_traffic_with_outages_leave_the_budget_of_the_definition() {
    // At night, at noon, a partial outage at the weekend, and one in the last hour.
    let outages = [
        (DAY + 3 * HOUR, 30, 1.0),
        (2 * DAY + 12 * HOUR, 4, 1.0),
        (5 * DAY + 14 * HOUR, 90, 0.03),
        (7 * DAY + 23 * HOUR, 3, 0.5),
    ];
    agrees(
        "seven_days_of_uneven_traffic_with_outages_leave_the_budget_of_the_definition",
        7,
        availability("7d"),
        &outages,
    );
}

/// `cargo test -p tidewatch-slo --test promtool thirty -- --ignored --nocapture` also prints the figures.
#[test]
#[ignore = "takes promtool four minutes; the test over seven days always runs"]
fn thirty_days_of_uneven_traffic_with_outages_leave_the_budget_of_the_definition() {
    let outages = [
        (HOUR, 20, 0.5),
        (4 * DAY + 3 * HOUR, 60, 1.0),
        (11 * DAY + 12 * HOUR, 12, 1.0),
        (19 * DAY + 14 * HOUR, 240, 0.02),
        (26 * DAY + 8 * HOUR + 50, 20, 0.3),
        (30 * DAY + 22 * HOUR, 5, 1.0),
    ];
    agrees(
        "thirty_days_of_uneven_traffic_with_outages_leave_the_budget_of_the_definition",
        30,
        availability("30d"),
        &outages,
    );
}
