//! Every kind of indicator and budgeting fires at 1.05 of an alert's threshold, doesn't fire at 0.95 of it, and is
//! resolved.

use tidewatch_slo::burn::ALERTS;
use tidewatch_slo::promtool::{File, Subject, spent, steady};
use tidewatch_slo::{Slo, parse};

use crate::run::Promtool;

const BAD: &str = "ratioMetric: {counter: true, bad: {metricSource: {type: Prometheus, spec: {query: \
                   'bad{s=\"NAME\"}'}}}, total: {metricSource: {type: Prometheus, spec: {query: 'all{s=\"NAME\"}'}}}}";
const GOOD: &str = "ratioMetric: {counter: true, good: {metricSource: {type: Prometheus, spec: {query: \
                    'good{s=\"NAME\"}'}}}, total: {metricSource: {type: Prometheus, spec: {query: \
                    'all{s=\"NAME\"}'}}}}";
const VALUE: &str = "thresholdMetric: {metricSource: {type: Prometheus, spec: {query: 'value{s=\"NAME\"}'}}}";

const OCCURRENCES: &str = "budgetingMethod: Occurrences";
const SLICES: &str = "budgetingMethod: Timeslices";

fn slo(name: &str, metric: &str, method: &str, objective: &str, window: &str) -> Slo {
    let metric = metric.replace("NAME", name);
    let yaml = format!(
        "{{apiVersion: openslo/v1, kind: SLO, metadata: {{name: {name}}}, spec: {{service: s, {method}, \
         timeWindow: [{{duration: {window}, isRolling: true}}], objectives: [{{{objective}}}], \
         indicator: {{spec: {{{metric}}}}}}}}}"
    );
    parse(name, &yaml).unwrap().remove(0)
}

/// Returns two SLOs of each kind.
fn kinds() -> Vec<Slo> {
    let slice = "target: 0.99, timeSliceTarget: 0.9, timeSliceWindow: 5m";
    // A slice has ten values, none of which may be bad.
    let points = "target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 5m";
    let bound = "op: lte, value: 100";
    let mut slos = Vec::new();
    for half in ["more", "less"] {
        slos.extend([
            slo(&format!("bad-{half}"), BAD, OCCURRENCES, "target: 0.995", "30d"),
            slo(&format!("good-{half}"), GOOD, OCCURRENCES, "target: 0.999", "28d"),
            slo(&format!("slices-{half}"), GOOD, SLICES, slice, "30d"),
            slo(&format!("value-{half}"), VALUE, OCCURRENCES, &format!("target: 0.99, {bound}"), "30d"),
            slo(&format!("value-slices-{half}"), VALUE, SLICES, &format!("{points}, {bound}"), "30d"),
        ]);
    }
    slos
}

#[test]
fn every_kind_fires_just_above_the_limit_and_not_just_below_it() {
    let slos = kinds();
    let test = "every_kind_fires_just_above_the_limit_and_not_just_below_it";
    let Some(promtool) = Promtool::with_rules(test, &slos, |_| true) else { return };
    let subject = |name: String| Subject::new(slos.iter().find(|slo| slo.name == name).unwrap());
    let pairs: Vec<(Subject, Subject)> = ["bad", "good", "slices", "value", "value-slices"]
        .map(|kind| (subject(format!("{kind}-more")), subject(format!("{kind}-less"))))
        .into();
    // Kinds differ only in their base records. The tests of the committed rules cover how each alert reads them.
    let scenarios = vec![spent(&ALERTS[0], &pairs)];
    let file = File { rule_files: vec!["rules.yaml".to_owned()], every: 30, scenarios };
    passes(&promtool, &file);
}

/// Without traffic, a recorded ratio is 0 / 0, and so is anything computed from it.
#[test]
fn a_quiet_minute_without_a_value_does_not_change_the_budget() {
    let test = "a_quiet_minute_without_a_value_does_not_change_the_budget";
    let metric = "ratioMetric: {counter: false, bad: {metricSource: {type: Prometheus, spec: {query: 'ratio * \
                  rate'}}}, total: {metricSource: {type: Prometheus, spec: {query: 'rate / rate * rate'}}}}";
    let slos = [slo("ratio", metric, OCCURRENCES, "target: 0.999", "7d")];
    let Some(promtool) = Promtool::with_rules(test, &slos, |_| true) else { return };
    let output = promtool.test(
        "rule_files: [rules.yaml]\nevaluation_interval: 30s\ntests:\n  - interval: 30s\n    input_series:\n      \
         - {series: ratio, values: '0.0001x60 NaN NaN NaN 0.0001x300'}\n      \
         - {series: rate, values: '10x60 0 0 0 10x300'}\n    promql_expr_test:\n      \
         - {expr: 'count(slo:error_budget_remaining:ratio > 0.9)', eval_time: 2h, exp_samples: [{value: 1}]}\n      \
         - {expr: 'count(slo:error_ratio:rate1h < 0.001)', eval_time: 1h, exp_samples: [{value: 1}]}\n",
    );
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{said}");
}

/// Three simulated days, which takes promtool half a minute:
/// `cargo test -p tidewatch-slo --test promtool -- --ignored`.
#[test]
#[ignore = "takes promtool half a minute; a shorter one runs with the tests of the committed rules"]
fn errors_at_exactly_a_factor_fire_within_the_documented_time() {
    let slos = kinds();
    let slos: Vec<Slo> = slos.into_iter().filter(|slo| slo.name.starts_with("bad-")).collect();
    let test = "errors_at_exactly_a_factor_fire_within_the_documented_time";
    let Some(promtool) = Promtool::with_rules(test, &slos, |_| true) else { return };
    let [less, more] =
        ["bad-less", "bad-more"].map(|name| Subject::new(slos.iter().find(|slo| slo.name == name).unwrap()));
    let scenarios = ALERTS.iter().map(|alert| steady(alert, &more, &less)).collect();
    passes(&promtool, &File { rule_files: vec!["rules.yaml".to_owned()], every: 60, scenarios });
}

fn passes(promtool: &Promtool, file: &File) {
    let output = promtool.test(&file.to_yaml("A test."));
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{said}");
}
