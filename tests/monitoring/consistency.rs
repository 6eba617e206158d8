//! Alerts, their runbooks, their tests and the metrics they use: each needs the others.
use crate::sources::{Rule, Sources};
use std::collections::{BTreeMap, BTreeSet};
use tidewatch::catalogue::{Labels, Vocabulary};

const RUNBOOKS: &str = "https://github.com/tidewatch/tidewatch/blob/main/runbooks";

#[test]
fn rules_runbooks_tests_and_metrics_agree() {
    let problems = problems(&Sources::read());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Returns one sentence per inconsistency.
fn problems(sources: &Sources) -> Vec<String> {
    let mut problems = about_runbooks(sources);
    problems.extend(about_tests(sources));
    problems.extend(about_metrics(sources));
    problems.extend(sources.alerts().flat_map(about_labels));
    problems
}

fn about_runbooks(sources: &Sources) -> Vec<String> {
    let alerts = sources.alerts().map(|rule| &rule.alert).chain(&sources.fast).collect::<BTreeSet<_>>();
    let mut problems = Vec::new();
    for alert in &alerts {
        match sources.runbooks.get(*alert) {
            None => problems.push(format!("the alert {alert} has no page runbooks/{alert}.md")),
            Some(page) if !page.starts_with(&format!("# {alert}\n")) => {
                problems.push(format!("runbooks/{alert}.md does not begin with the alert's name"));
            }
            Some(_) => {}
        }
    }
    for page in sources.runbooks.keys().filter(|page| !alerts.contains(page)) {
        problems.push(format!("runbooks/{page}.md is the page of an alert that does not exist"));
    }
    problems
}

fn about_tests(sources: &Sources) -> Vec<String> {
    let alerts: BTreeSet<&String> = sources.alerts().map(|rule| &rule.alert).collect();
    let tested: BTreeSet<&String> = sources.tested.iter().collect();
    let untested = alerts.difference(&tested).map(|alert| format!("no test in rules/tests expects {alert} to fire"));
    let unknown = tested.difference(&alerts).map(|alert| format!("rules/tests expects {alert}, which no rule raises"));
    untested.chain(unknown).collect()
}

fn about_labels(rule: &Rule) -> Vec<String> {
    let alert = &rule.alert;
    let mut problems = Vec::new();
    for (label, allowed) in
        [("severity", &["critical", "warning", "info"][..]), ("source", &["tidewatch"]), ("path", &["slow"])]
    {
        if !rule.labels.get(label).is_some_and(|value| allowed.contains(&value.as_str())) {
            problems.push(format!("{alert}: the label {label} is not one of {}", allowed.join(", ")));
        }
    }
    for annotation in ["summary", "description"] {
        if rule.annotations.get(annotation).is_none_or(String::is_empty) {
            problems.push(format!("{alert} has no annotation {annotation}"));
        }
    }
    if rule.annotations.get("runbook_url") != Some(&format!("{RUNBOOKS}/{alert}.md")) {
        problems.push(format!("{alert}: runbook_url is not {RUNBOOKS}/{alert}.md"));
    }
    problems
}

fn about_metrics(sources: &Sources) -> Vec<String> {
    let (vocabulary, mut problems) = with_records(&sources.rules);
    for rule in sources.alerts() {
        let name = &rule.alert;
        let mut labels = match vocabulary.check(&rule.expr) {
            Ok(labels) => labels,
            Err(wrong) => {
                problems.extend(wrong.into_iter().map(|wrong| format!("{name}: {wrong}")));
                continue;
            }
        };
        labels.names.extend(rule.labels.keys().cloned());
        for (annotation, text) in &rule.annotations {
            for label in after_each(text, "$labels.").filter(|label| !labels.contains(label)) {
                problems
                    .push(format!("{name}: the annotation {annotation} names the label {label}, not one of {labels}"));
            }
            for query in queries(text) {
                if let Err(wrong) = vocabulary.check(&query) {
                    problems.extend(wrong.into_iter().map(|wrong| format!("{name}, {annotation}: {wrong}")));
                }
            }
        }
    }
    problems
}

/// Returns the metrics that are scraped or recorded, and the problems of the recording rules.
pub(crate) fn with_records(rules: &[Rule]) -> (Vocabulary, Vec<String>) {
    let mut vocabulary = Vocabulary::scraped();
    let mut records: Vec<&Rule> = rules.iter().filter(|rule| !rule.record.is_empty()).collect();
    loop {
        // Records may depend on others, in any order. Rules that record the same name are checked together.
        let mut wrong: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut known: BTreeMap<&str, Labels> = BTreeMap::new();
        for rule in &records {
            match check_record(&vocabulary, rule) {
                Ok(mut labels) => {
                    labels.names.extend(rule.labels.keys().cloned());
                    known.entry(&rule.record).or_default().extend(labels);
                }
                Err(problems) => wrong.entry(&rule.record).or_default().extend(problems),
            }
        }
        known.retain(|name, _| !wrong.contains_key(name));
        if known.is_empty() {
            let problems =
                wrong.iter().flat_map(|(name, wrong)| wrong.iter().map(move |wrong| format!("{name}: {wrong}")));
            return (vocabulary, problems.collect());
        }
        for (name, labels) in &known {
            vocabulary.record(name, labels.clone());
        }
        records.retain(|rule| !known.contains_key(rule.record.as_str()));
    }
}

/// Checks one recording rule, which may refer to its own last value. Returns its labels.
fn check_record(vocabulary: &Vocabulary, rule: &Rule) -> Result<Labels, Vec<String>> {
    vocabulary.check(&rule.expr).or_else(|problems| {
        let itself = format!("nothing exposes or records {}", rule.record);
        if problems != [itself] {
            return Err(problems);
        }
        let mut vocabulary = vocabulary.clone();
        vocabulary.record(&rule.record, Labels::of(rule.labels.keys()));
        vocabulary.check(&rule.expr)
    })
}

/// Returns the names that follow `prefix` anywhere in a template.
fn after_each<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(prefix).skip(1).map(move |rest| &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())])
}

/// Returns the queries in a template: `query "..."`, and `printf "..." ... | query` with %q for label values.
fn queries(text: &str) -> Vec<String> {
    let actions = text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0));
    let quoted = |text: &str| Some(text.split_once('"')?.1.split_once('"')?.0.replace("%q", "\"x\""));
    actions.filter(|action| action.contains("query")).filter_map(quoted).collect()
}

mod broken_once {
    //! Each check must report the problem that it exists for.
    use super::*;

    fn reports(breaking: impl FnOnce(&mut Sources), problem: &str) {
        let mut sources = Sources::read();
        let before = problems(&sources);
        breaking(&mut sources);
        let after = problems(&sources);
        let new: Vec<_> = after.iter().filter(|problem| !before.contains(problem)).collect();
        assert!(new.iter().any(|new| new.contains(problem)), "{new:?}");
    }

    fn alert<'a>(sources: &'a mut Sources, name: &str) -> &'a mut Rule {
        sources.rules.iter_mut().find(|rule| rule.alert == name).unwrap()
    }

    #[test]
    fn an_alert_without_a_runbook() {
        reports(|sources| _ = sources.runbooks.remove("Watchdog"), "the alert Watchdog has no page");
        reports(|sources| _ = sources.runbooks.remove("TrafficDrop"), "the alert TrafficDrop has no page");
        reports(|sources| _ = sources.runbooks.insert("Watchdog".into(), String::new()), "does not begin with");
        reports(|sources| _ = alert(sources, "Watchdog").annotations.remove("runbook_url"), "runbook_url is not");
    }

    #[test]
    fn a_runbook_without_an_alert() {
        reports(
            |sources| _ = sources.runbooks.insert("Gone".into(), "# Gone\n".into()),
            "runbooks/Gone.md is the page of",
        );
        reports(|sources| _ = sources.fast.remove("ClockSkew"), "runbooks/ClockSkew.md is the page of");
    }

    #[test]
    fn an_alert_without_a_rule_test() {
        reports(|sources| _ = sources.tested.remove("TargetDown"), "expects TargetDown to fire");
        reports(|sources| _ = sources.tested.insert("Gone".into()), "expects Gone, which no rule raises");
    }

    #[test]
    fn a_metric_or_a_label_that_no_service_declares() {
        let expression = |name: &'static str, from: &'static str, to: &'static str| {
            move |sources: &mut Sources| {
                let rule = alert(sources, name);
                assert!(rule.expr.contains(from), "{}", rule.expr);
                rule.expr = rule.expr.replace(from, to);
            }
        };
        let metric = expression("MetricsBridgeOverflow", "overflow_events", "overflows");
        reports(metric, "nothing exposes or records metrics_bridge_overflows_total");
        reports(expression("MetricsBridgeOverflow", "job", "zone"), "has no label zone");
        reports(
            expression("StreamProcessorNotJudging", "counted_total", "counted_total{topic=\"x\"}"),
            "no label topic",
        );
        let record = |sources: &mut Sources| {
            let name = "service:workload_requests:rate1m";
            sources.rules.iter_mut().find(|rule| rule.record == name).unwrap().record = "elsewhere".into();
        };
        reports(record, "nothing exposes or records service:workload_requests:rate1m");
        let slo = |sources: &mut Sources| {
            let rule = sources.rules.iter_mut().find(|rule| rule.record == "slo:events:rate5m").unwrap();
            rule.expr = rule.expr.replace("{service=", "{tenant=");
        };
        reports(slo, "slo:events:rate5m: workload_requests_total has no label tenant");
    }

    #[test]
    fn a_message_that_would_have_a_gap() {
        let summary = |text: &'static str| {
            move |sources: &mut Sources| {
                _ = alert(sources, "HighErrorRate").annotations.insert("summary".into(), text.into())
            }
        };
        reports(summary("{{ $labels.region }} fails"), "summary names the label region");
        reports(summary("{{ with query \"sum(gone_total)\" }}{{ end }}"), "nothing exposes or records gone_total");
        reports(summary(""), "has no annotation summary");
        reports(|sources| _ = alert(sources, "HighErrorRate").labels.remove("path"), "the label path is not");
    }
}
