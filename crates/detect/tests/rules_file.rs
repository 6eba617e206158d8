//! An invalid rules file is rejected with the line, what is wrong, and what is allowed.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use tidewatch_contract::Severity;
use tidewatch_detect::Rules;

const BUILTIN: &str = include_str!("../rules.yaml");

/// Parses the built-in file with one line replaced. Returns the line's number and the error message.
fn refused(line: &str, instead: &str) -> (usize, String) {
    let number = BUILTIN.lines().position(|there| there.trim() == line).unwrap_or_else(|| panic!("no line {line:?}"));
    let changed: Vec<String> = BUILTIN
        .lines()
        .enumerate()
        .map(|(at, there)| if at == number { there.replace(line, instead) } else { there.to_owned() })
        .collect();
    (number + 1, Rules::parse(&changed.join("\n")).unwrap_err().to_string())
}

fn assert_refused(line: &str, instead: &str, said: &str) {
    let (number, error) = refused(line, instead);
    assert!(error.starts_with(&format!("line {number}, column ")), "{error}");
    assert!(error.contains(said), "{error:?} does not say {said:?}");
    assert!(!error.contains('\n'), "one sentence: {error:?}");
}

#[test]
fn the_builtin_rules_are_those_of_the_design() {
    let rules = Rules::builtin();
    let names: Vec<_> = rules.names().collect();
    assert_eq!(
        names,
        [
            ("HighLatencyP99", Severity::Warning),
            ("HighErrorRate", Severity::Critical),
            ("TrafficDrop", Severity::Warning),
            ("ClockSkew", Severity::Warning)
        ]
    );
    assert_eq!(rules.group_by().collect::<Vec<_>>(), ["service", "region"]);
    assert_eq!(rules.window(), Duration::from_secs(60));
    assert_eq!(rules.hop(), Duration::from_secs(5));
    assert_eq!(rules.lateness(), Duration::from_secs(2));
    assert!(rules.expect().is_empty());
}

#[test]
fn unknown_and_duplicated_keys_are_refused() {
    assert_refused("window: 60s", "windw: 60s", "windw");
    assert_refused("hop: 5s", "window: 60s", "window");
    assert_refused("quantile: 99%", "quantil: 99%", "quantil");
    assert_refused("kind: latency", "kind: latencies", "latencies");
    assert_refused("severity: critical", "severity: urgent", "urgent");
}

#[test]
fn durations_out_of_range_are_refused() {
    assert_refused("window: 60s", "window: -60s", "`window` must be a duration");
    assert_refused("window: 60s", "window: 62s", "`window` must be 1 to 1000 times `hop`");
    assert_refused("window: 60s", "window: 60", "`window` must be a duration");
    assert_refused("hop: 5s", "hop: 0s", "`hop` must be a duration of 1000ms");
    assert_refused("lateness: 2s", "lateness: -1s", "`lateness` must be a duration");
    assert_refused("limit: 500ms", "limit: fast", "`limit` must be a duration");
    assert_refused("limit: 500ms", "limit: 99999999999999999999s", "`limit` must be a duration");
}

#[test]
fn shares_out_of_range_are_refused() {
    assert_refused("limit: 5%", "limit: 0%", "`limit` must be above 0% and below 100%");
    assert_refused("limit: 5%", "limit: 100%", "`limit` must be above 0% and below 100%");
    assert_refused("limit: 5%", "limit: 0.05", "such as 5%");
    assert_refused("limit: 5%", "limit: NaN%", "`limit` must be above 0%");
    assert_refused("clear: 70%", "clear: 40%", "`clear` must not be below `limit`");
}

#[test]
fn rule_names_are_valid_and_unique() {
    assert_refused(
        "- name: HighErrorRate",
        "- name: HighLatencyP99",
        "another rule is already called `HighLatencyP99`",
    );
    assert_refused("- name: HighErrorRate", "- name: high error rate", "`name` must be letters, digits and _");
    assert_refused("- name: HighErrorRate", "- name: ''", "`name` must be letters");
}

#[test]
fn keys_of_another_kind_of_rule_are_refused() {
    assert_refused("min_baseline: 100", "min_events: 100", "`min_events` does not apply");
    assert_refused("min_baseline: 100", "status: 5xx", "`status` does not apply");
    assert_refused("min_baseline: 100", "low_traffic_min_bad: 5", "`low_traffic_min_bad` does not apply");
    assert_refused("min_events: 200", "min_events: 0", "`min_events` must be 1 to");
    assert_refused("min_events: 200", "for_windows: 0", "`for_windows` must be 1 to");
}

#[test]
fn a_clear_level_is_on_the_good_side_of_its_limit() {
    assert_refused("clear: 400ms", "clear: 501ms", "`clear` must not be above `limit`");
    assert_refused("clear: 2.5%", "clear: 6%", "`clear` must not be above `limit`");
    assert_refused("clear: 10%", "clear: 21%", "`clear` must not be above `limit`");
    assert_refused("clear: 400ms", "clear: 3%", "`clear` must be a duration");
    let defaults: String =
        BUILTIN.lines().filter(|line| !line.contains(" clear: ")).map(|line| format!("{line}\n")).collect();
    assert_eq!(Rules::parse(&defaults).unwrap(), Rules::builtin(), "the file says what would be so without it");
}

#[test]
fn filters_are_exact_or_end_in_an_asterisk_and_statuses_are_codes_or_classes() {
    let line = "quantile: 99%";
    let with = |more: &str| format!("{line}\n    {more}");
    let accepted = |more: &str| Rules::parse(&BUILTIN.replace(line, &with(more))).map(|_| ());
    for more in
        ["status: 5xx", "status: 404", "status: [2xx, 404, 0]", "endpoints: /a", "exclude_endpoints: [/a/*, /b]"]
    {
        assert_eq!(accepted(more), Ok(()), "{more}");
    }
    for (more, said) in [
        ("status: [20x]", "`status` must name a status code such as 404, or a class such as 5xx, not `20x`"),
        ("status: []", "`status` is empty"),
        ("endpoints: [/a/*/b]", "`endpoints` must name an endpoint such as /healthz"),
        ("exclude_endpoints: ['']", "`exclude_endpoints` must name an endpoint"),
        ("endpoints: {a: b}", "one value or a list of them"),
    ] {
        let error = accepted(more).unwrap_err();
        assert!(error.problem.contains(said), "{more}: {error}");
        let number = BUILTIN.lines().position(|there| there.trim() == line).unwrap() as u64 + 2;
        assert_eq!(error.line, number, "{more}: {error}");
    }
}

#[test]
fn too_many_different_filters_are_refused() {
    let rule = |i: usize, filter: usize| {
        format!("  - {{name: R{i}, kind: error_rate, limit: 5%, severity: info, endpoints: [/{filter}]}}\n")
    };
    let rules = |filters: usize| -> String { (0..20).map(|i| rule(i, i % filters)).collect() };
    assert!(Rules::parse(&format!("{BUILTIN}\n{}", rules(8))).is_ok());
    let error = Rules::parse(&format!("{BUILTIN}\n{}", rules(9))).unwrap_err();
    assert!(error.problem.contains("at most 8 different filters"), "{error}");
}

#[test]
fn labels_must_be_known_and_include_the_service() {
    let line = "group_by: [service, region]";
    assert_refused(line, "group_by: [service, zone]", "may name service, region, endpoint, method, not `zone`");
    assert_refused(line, "group_by: [service, service]", "names `service` twice");
    assert_refused(line, "group_by: [region]", "must contain `service`");
    assert_refused("expect: []", "expect: [a, a]", "each service once");
}

#[test]
fn a_file_that_is_not_a_rules_file_is_refused() {
    for yaml in ["", "just a word", "[1, 2", "a: b: c", "\u{0}", "rules: []"] {
        let error = Rules::parse(yaml).unwrap_err();
        assert!(error.line >= 1 && !error.problem.is_empty(), "{yaml:?}: {error}");
    }
}

#[test]
fn a_runbook_may_be_anywhere() {
    let yaml = BUILTIN.replace("kind: clock_skew", "kind: clock_skew\n    runbook_url: https://wiki.example/clocks");
    assert!(Rules::parse(&yaml).is_ok());
}
