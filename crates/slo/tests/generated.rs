//! The generated file is deterministic, valid for any content of the SLOs, and independent of their order.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;

use promql_parser::parser::parse as promql;
use serde::Deserialize;
use tidewatch_slo::{Scale, Slo, generate, load_dir, parse};

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    interval: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    record: Option<String>,
    alert: Option<String>,
    expr: String,
    #[serde(rename = "for")]
    hold: Option<String>,
    keep_firing_for: Option<String>,
    #[serde(default)]
    labels: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

fn committed() -> Vec<Slo> {
    load_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/slos").as_ref()).unwrap()
}

fn read(rules: &str) -> File {
    serde_saphyr::from_str(rules).unwrap()
}

fn hostile() -> Vec<Slo> {
    let text = r##"
apiVersion: openslo/v1
kind: SLO
metadata:
  name: hostile
  labels: {team: "a \"b\" \\ {{ $value }}: #x"}
spec:
  service: "sh\"op: #1"
  indicator:
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: "good_total{path=\"/a#b: c\"} # a comment"}}}
        total:
          metricSource:
            type: Prometheus
            spec:
              query: |
                # all of them
                all_total{
                  path="/a#b: c"
                }
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{targetPercent: 99.95}]
"##;
    parse("hostile.yaml", text).unwrap()
}

#[test]
fn every_expression_is_promql_and_every_record_and_alert_is_complete() {
    for slos in [committed(), hostile()] {
        for rule in read(&generate(&slos, Scale::REAL)).groups.into_iter().flat_map(|group| group.rules) {
            promql(&rule.expr).unwrap_or_else(|error| panic!("{error}: {}", rule.expr));
            assert_ne!(rule.record.is_some(), rule.alert.is_some());
            if rule.alert.is_some() {
                assert!(rule.hold.is_some() || rule.keep_firing_for.is_some());
                let annotations: Vec<&str> = rule.annotations.keys().map(String::as_str).collect();
                assert_eq!(annotations, ["description", "runbook_url", "summary"]);
                assert_eq!((rule.labels["source"].as_str(), rule.labels["path"].as_str()), ("tidewatch", "slow"));
            }
        }
    }
}

#[test]
fn a_query_with_odd_characters_is_unchanged() {
    let yaml = include_str!("../../../docs/slos/payment-service.yaml");
    let odd = "workload_errors_total{a=\"\u{2028}\u{feff}\"}\r\n";
    let written = r#""workload_errors_total{a=\"\u2028\ufeff\"}\r\n""#;
    let slos = parse("odd.yaml", &yaml.replace("workload_errors_total{service=\"payment-service\"}", written)).unwrap();
    let rules = generate(&slos, Scale::REAL);
    assert!(!rules.contains(['\u{2028}', '\u{feff}', '\r']), "YAML would take them for something else");
    let file = read(&rules);
    assert!(file.groups[0].rules[1].expr.contains(odd.trim()), "{}", file.groups[0].rules[1].expr);
}

#[test]
fn hostile_names_and_values_are_unchanged() {
    let file = read(&generate(&hostile(), Scale::REAL));
    let labels = &file.groups[0].rules[0].labels;
    assert_eq!(labels["service"], "sh\"op: #1");
    assert_eq!(labels["team"], "a \"b\" \\ {{ $value }}: #x");
    assert_eq!(labels["window"], "28d");
}

#[test]
fn the_order_of_the_slos_does_not_matter() {
    let mut slos = committed();
    let rules = generate(&slos, Scale::REAL);
    slos.reverse();
    assert_eq!(generate(&slos, Scale::REAL), rules);
}

#[test]
fn no_group_interval_exceeds_prometheus_lookback_and_names_are_unique() {
    let file = read(&generate(&committed(), Scale::REAL));
    let intervals: BTreeSet<&str> = file.groups.iter().map(|group| group.interval.as_str()).collect();
    assert_eq!(intervals, BTreeSet::from(["2m", "30s"]));
    let names: BTreeSet<&str> = file.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names.len(), file.groups.len());
}

#[test]
fn a_scale_divides_every_duration_but_changes_no_name() {
    let real = read(&generate(&committed(), Scale::REAL));
    let scale = Scale::new(60).unwrap();
    let scaled = read(&generate(&committed(), scale));
    let ours = |file: &File| -> Vec<String> {
        let rules = file.groups.iter().flat_map(|group| &group.rules);
        rules.map(|rule| format!("{:?}{:?}{:?}", rule.record, rule.alert, rule.labels)).collect()
    };
    assert_eq!(ours(&real), ours(&scaled));
    assert_eq!(scaled.groups[0].interval, "500ms");
    let text = generate(&committed(), scale);
    for part in ["[5s]", "[12h:10s]", "43200 * (avg_over_time", "keep_firing_for: 10s", "vector(0.5)", "offset 500ms"] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("[5m]") && !text.contains("[30d]"));
}

#[test]
fn each_budget_window_has_alerts_with_its_own_factors() {
    let mut slos = hostile();
    slos.extend(committed());
    let file = read(&generate(&slos, Scale::REAL));
    let factors: Vec<(String, String)> = file
        .groups
        .iter()
        .flat_map(|group| &group.rules)
        .filter(|rule| rule.alert.as_deref() == Some("ErrorBudgetBurnPage"))
        .map(|rule| (rule.labels["burn_rate"].clone(), rule.expr.split("window=").nth(1).unwrap()[1..4].to_owned()))
        .collect();
    let expected = [("13.44", "28d"), ("5.6", "28d"), ("14.4", "30d"), ("6", "30d")];
    assert_eq!(factors, expected.map(|(factor, window)| (factor.to_owned(), window.to_owned())));
}

#[test]
fn no_slos_generate_no_groups() {
    assert!(read(&generate(&[], Scale::REAL)).groups.is_empty());
}
