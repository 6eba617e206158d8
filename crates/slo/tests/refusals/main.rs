//! Features of OpenSLO that Tidewatch doesn't support are refused by name and line.
#![allow(clippy::unwrap_used, missing_docs)]

mod buckets;

use tidewatch_slo::{Source, parse, read};

const GOOD: &str = r#"apiVersion: openslo/v1
kind: SLO
metadata:
  name: shop-availability
spec:
  service: shop
  indicator:
    metadata:
      name: shop-errors
    spec:
      ratioMetric:
        counter: true
        bad:
          metricSource:
            type: Prometheus
            spec:
              query: errors_total{job="shop"}
        total:
          metricSource:
            type: Prometheus
            spec:
              query: requests_total{job="shop"}
  timeWindow:
    - duration: 30d
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - target: 0.999
"#;

/// Returns the problems of the text with `from` replaced by `to`.
fn problems(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from), "{from}");
    match parse("slo.yaml", &GOOD.replacen(from, to, 1)) {
        Ok(_) => Vec::new(),
        Err(refused) => refused.0.iter().map(ToString::to_string).collect(),
    }
}

/// Asserts that this one change is refused at this line with a message that contains all `words`.
fn refused(from: &str, to: &str, line: u64, words: &[&str]) {
    let problems = problems(from, to);
    let [problem] = problems.as_slice() else { panic!("{to}: {problems:#?}") };
    assert!(problem.starts_with(&format!("slo.yaml:{line}:")), "{to}: line {line} expected: {problem}");
    for word in words {
        assert!(problem.contains(word), "{to}: {word} expected: {problem}");
    }
}

#[test]
fn the_unchanged_file_is_accepted() {
    assert_eq!(parse("slo.yaml", GOOD).unwrap().len(), 1);
}

#[test]
fn rejects_windows_other_than_7_28_or_30_rolling_days() {
    refused("duration: 30d", "duration: 90d", 24, &["90d", "7d", "28d", "30d"]);
    refused("duration: 30d", "duration: 1M", 24, &["1M"]);
    refused("isRolling: true", "isRolling: false", 25, &["isRolling: false", "calendar"]);
    refused("      isRolling: true", "      isRolling: true\n      calendar: {timeZone: UTC}", 26, &["`calendar`"]);
    refused("    - duration", "    - {duration: 7d, isRolling: true}\n    - duration", 25, &["timeWindow", "2 items"]);
}

#[test]
fn rejects_budgeting_methods_other_than_occurrences_and_time_slices() {
    refused("Occurrences", "RatioTimeslices", 26, &["RatioTimeslices", "uneven"]);
    refused("Occurrences", "Timeboxes", 26, &["Timeboxes"]);
}

#[test]
fn rejects_several_objectives_and_composites() {
    refused("    - target: 0.999", "    - target: 0.999\n    - target: 0.9", 29, &["`objectives`", "2 items"]);
    refused("- target: 0.999", "- target: 0.999\n      compositeWeight: 2", 29, &["compositeWeight", "composite"]);
    refused("- target: 0.999", "- target: 0.999\n      indicatorRef: x", 29, &["indicatorRef", "composite"]);
}

#[test]
fn rejects_alert_policies_and_their_kinds() {
    refused("  objectives:", "  alertPolicies: [page]\n  objectives:", 27, &["alertPolicies", "burn-rate"]);
    for kind in ["AlertPolicy", "AlertCondition", "AlertNotificationTarget"] {
        refused("kind: SLO", &format!("kind: {kind}"), 2, &[kind, "remove the document"]);
    }
    assert_eq!(problems("  objectives:", "  alertPolicies: []\n  objectives:"), [""; 0]);
}

#[test]
fn rejects_other_data_sources_kinds_and_versions() {
    refused("type: Prometheus", "type: Datadog", 15, &["Datadog", "Prometheus"]);
    refused("kind: SLO", "kind: Objective", 2, &["Objective"]);
    refused("openslo/v1", "openslo/v2alpha1", 1, &["openslo/v2alpha1"]);
    refused("type: Prometheus", "metricSourceRef: main", 15, &["DataSource `main`"]);
}

#[test]
fn rejects_precomputed_ratios() {
    let raw = "        raw: {metricSource: {type: Prometheus, spec: {query: x}}}\n        counter: true";
    refused("        counter: true", raw, 12, &["`raw`", "uneven"]);
    refused("        counter: true", "        rawType: success\n        counter: true", 12, &["rawType"]);
}

#[test]
fn rejects_unknown_fields_anywhere() {
    refused("  name: shop-a", "  nmae: x\n  name: shop-a", 4, &["nmae", "displayName"]);
    refused("  service: shop", "  service: shop\n  owner: me", 7, &["owner"]);
    refused("- target: 0.999", "- target: 0.999\n      goal: 1", 29, &["goal", "targetPercent"]);
    refused("query: errors", "dimensions: [a]\n              query: errors", 17, &["dimensions"]);
    refused("kind: SLO", "kind: SLO\nstatus: {}", 3, &["status"]);
}

#[test]
fn rejects_labels_that_rules_cannot_have() {
    let labels = |labels: &str| format!("name: shop-availability\n  labels: {labels}");
    for (text, word) in [
        ("{severity: page}", "severity"),
        ("{slo: x}", "`slo`"),
        ("{a/b: x}", "a/b"),
        ("{__name__: x}", "__name__"),
        ("{team: [a, b]}", "single value"),
        ("{tier: 1}", "in quotes"),
    ] {
        refused("name: shop-availability", &labels(text), 5, &[word]);
    }
}

#[test]
fn rejects_unknown_or_invalid_tidewatch_annotations() {
    let annotation = |text: &str| format!("name: shop-availability\n  annotations: {{{text}}}");
    refused("name: shop-availability", &annotation("tidewatch.dev/min-bad: 3"), 5, &["tidewatch.dev/min-bad-events"]);
    for bad in ["0", "-1", "2.5", "many"] {
        let text = annotation(&format!("tidewatch.dev/min-bad-events: \"{bad}\""));
        refused("name: shop-availability", &text, 5, &["whole number"]);
    }
    assert_eq!(problems("name: shop-availability", &annotation("example.org/any: x")), [""; 0]);
}

#[test]
fn rejects_invalid_promql_and_the_wrong_kind_of_query() {
    refused("errors_total{job=\"shop\"}", "errors_total{job=\"shop\"", 17, &["not valid PromQL", "errors_total{job"]);
    refused("errors_total{job=\"shop\"}", "sum(errors_total)", 17, &["plain selector", "counter: false"]);
    refused("errors_total{job=\"shop\"}", "errors_total[5m]", 17, &["range"]);
    refused("errors_total{job=\"shop\"}", "errors_total offset 5m", 17, &["offset"]);
    let rates = GOOD.replace("counter: true", "counter: false");
    assert!(parse("slo.yaml", &rates.replace("errors_total{job=\"shop\"}", "sum(rate(e[1m]))")).is_ok());
    assert!(parse("slo.yaml", &rates.replace("errors_total{job=\"shop\"}", "e[1m]")).is_err());
    for experimental in ["sort_by_label(e, \"a\")", "sum(limitk(1, e))"] {
        let error =
            parse("slo.yaml", &rates.replace("errors_total{job=\"shop\"}", experimental)).unwrap_err().to_string();
        assert!(error.contains("experimental"), "{experimental}: {error}");
    }
}

#[test]
fn rejects_control_characters_that_would_reach_a_terminal() {
    refused("service: shop", "service: \"shop\\e[2J\"", 6, &["`service`", "control character"]);
    // A message is always one line.
    refused("errors_total{job=\"shop\"}", "\"errors_total\\n{\"", 17, &["errors_total\\n{"]);
}

#[test]
fn rejects_targets_outside_the_range_or_missing() {
    for bad in ["target: 1", "target: 0", "target: 99.9", "target: -1", "targetPercent: 100", "target: 0.99999999"] {
        refused("target: 0.999", bad, 28, &["target"]);
    }
    refused("- target: 0.999", "- target: 0.999\n      targetPercent: 99.9", 29, &["not both"]);
    refused("- target: 0.999", "- displayName: x", 28, &["needs a `target`"]);
}

#[test]
fn rejects_thresholds_and_slices_where_they_have_no_meaning() {
    refused("- target: 0.999", "- target: 0.999\n      op: lt", 29, &["`op`", "ratioMetric"]);
    refused("- target: 0.999", "- target: 0.999\n      value: 1", 29, &["`value`", "ratioMetric"]);
    refused("- target: 0.999", "- target: 0.999\n      timeSliceTarget: 0.9", 29, &["timeSliceTarget"]);
    let slices = |rest: &str| {
        let text =
            GOOD.replace("Occurrences", "Timeslices").replace("- target: 0.999", &format!("- target: 0.999{rest}"));
        parse("slo.yaml", &text).unwrap_err().to_string()
    };
    assert!(slices("\n      timeSliceTarget: 0.9").contains("needs `timeSliceWindow`"));
    assert!(slices("\n      timeSliceTarget: 0.9\n      timeSliceWindow: 30s").contains("30s"));
    assert!(slices("\n      timeSliceTarget: 1.5\n      timeSliceWindow: 5m").contains("slo.yaml:29:"));
}

#[test]
fn all_problems_of_all_files_are_reported_at_once() {
    let first = GOOD.replace("30d", "31d").replace("Occurrences", "Often").replace("0.999", "2");
    let second = "apiVersion: openslo/v1\nkind: Team\n---\n  : [\n";
    let sources = [("b.yaml", first.as_str()), ("a.yaml", second)]
        .map(|(name, text)| Source { name: name.into(), text: text.into() });
    let problems = read(&sources, &tidewatch_slo::NothingKnown).unwrap_err().0;
    let places: Vec<(&str, u64)> = problems.iter().map(|problem| (problem.at.file.as_str(), problem.at.line)).collect();
    assert_eq!(places[0].0, "a.yaml");
    assert_eq!(places[1..], [("b.yaml", 24), ("b.yaml", 26), ("b.yaml", 28)]);
}

#[test]
fn a_name_may_appear_only_once_in_all_files() {
    let sources = ["a.yaml", "b.yaml"].map(|name| Source { name: name.into(), text: GOOD.into() });
    let error = read(&sources, &tidewatch_slo::NothingKnown).unwrap_err().to_string();
    assert_eq!(error, "b.yaml:4:9: another SLO is already called `shop-availability`: a.yaml:4:9");
}

#[test]
fn references_are_followed_across_files_and_rejected_if_they_lead_nowhere() {
    let indicator = GOOD.split("  indicator:\n").nth(1).unwrap().split("  timeWindow").next().unwrap();
    let sli: String =
        indicator.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect();
    let sli = format!("apiVersion: openslo/v1\nkind: SLI\n{sli}");
    let slo = GOOD.replace(&format!("indicator:\n{indicator}"), "indicatorRef: shop-errors\n");
    let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
    let nothing = &tidewatch_slo::NothingKnown;
    let loaded = read(&[source("slo.yaml", &slo), source("sli.yaml", &sli)], nothing).unwrap();
    assert_eq!(
        loaded.slos[0].indicator,
        parse("slo.yaml", GOOD)
            .map(|slos| {
                let mut indicator = slos[0].indicator.clone();
                if let tidewatch_slo::Indicator::Bad { bad, total, .. } = &mut indicator {
                    (bad.at.file, total.at.file) = ("sli.yaml".into(), "sli.yaml".into());
                    (bad.at.line, bad.at.column) = (12, 18);
                    (total.at.line, total.at.column) = (17, 18);
                }
                indicator
            })
            .unwrap()
    );
    let error = read(&[source("slo.yaml", &slo)], nothing).unwrap_err().to_string();
    assert!(error.contains("slo.yaml:7:") && error.contains("no SLI `shop-errors`"), "{error}");
    let service = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: store}\nspec: {}\n";
    let error = read(&[source("slo.yaml", GOOD), source("s.yaml", service)], nothing).unwrap_err().to_string();
    assert!(error.contains("slo.yaml:6:") && error.contains("no Service `shop`"), "{error}");
}

#[test]
fn a_percentage_as_target_is_rejected_with_both_ways_to_write_it() {
    refused("target: 0.999", "target: 99.9", 28, &["`target: 0.999`", "`targetPercent: 99.9`"]);
}

#[test]
fn a_template_for_the_range_is_rejected_with_the_selector_to_write() {
    let query = "errors_total{job=\"shop\"}";
    refused(query, "sum(rate(errors_total{job=\"shop\"}[{{.window}}]))", 17, &["template", "plain selector"]);
}

#[test]
fn amazon_managed_prometheus_and_the_promql_field_are_accepted() {
    assert_eq!(problems("type: Prometheus", "type: AmazonPrometheus"), [""; 0]);
    assert_eq!(problems("query: errors_total", "promql: errors_total"), [""; 0]);
    refused("query: errors_total{", "promql: x\n              query: errors_total{", 17, &["not both"]);
}

#[test]
fn documents_in_a_list_are_read_one_by_one() {
    let item = GOOD.replace('\n', "\n  ");
    let list = format!("- {}\n- {}\n", item.trim_end(), item.trim_end().replace("shop-availability", "other"));
    assert_eq!(parse("slo.yaml", &list).unwrap().len(), 2);
    let refused = parse("slo.yaml", &list.replace("0.999", "2")).unwrap_err();
    assert_eq!(refused.0.iter().map(|problem| problem.at.line).collect::<Vec<_>>(), [28, 56]);
}
