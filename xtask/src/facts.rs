//! `platform/*.json`: facts that are declared in Rust and that Nix needs to check components.

use std::collections::BTreeSet;

use tidewatch::catalogue::{self, CLUSTER, EVERY_TARGET, Job};
use tidewatch_kafka::topics::ALL;
use tidewatch_service::metrics::{Family, Kind};

/// Series that Prometheus adds for every alert.
const OF_ALERTS: [&str; 2] = ["ALERTS", "ALERTS_FOR_STATE"];

/// Returns the number of partitions of each topic.
pub(crate) fn topics() -> String {
    let topics: BTreeSet<String> =
        ALL.iter().map(|topic| format!("  \"{}\": {{ \"partitions\": {} }}", topic.name, topic.partitions)).collect();
    format!("{{\n{}\n}}\n", joined(topics))
}

/// Returns the names of all series that the catalogue has and that these rule files record.
pub(crate) fn metrics(rules: &[String]) -> String {
    let exposed = catalogue::jobs().chain(CLUSTER).flat_map(Job::families).chain(EVERY_TARGET).flat_map(series);
    let recorded = rules.iter().flat_map(|text| text.lines()).filter_map(record).map(str::to_owned);
    let names: BTreeSet<String> =
        exposed.chain(recorded).chain(OF_ALERTS.map(str::to_owned)).map(|name| format!("  \"{name}\"")).collect();
    format!("[\n{}\n]\n", joined(names))
}

fn joined(lines: BTreeSet<String>) -> String {
    lines.into_iter().collect::<Vec<_>>().join(",\n")
}

/// Returns the names of a metric's series.
fn series(family: &Family) -> Vec<String> {
    let suffixes: &[&str] = if family.kind == Kind::Histogram { &["_bucket", "_count", "_sum"] } else { &[""] };
    suffixes.iter().map(|suffix| format!("{}{suffix}", family.name)).collect()
}

/// Returns the series that a line of a rule file records.
fn record(line: &str) -> Option<&str> {
    line.trim_start().trim_start_matches("- ").strip_prefix("record: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_has_three_series_and_a_rule_one() {
        let rules =
            ["  - name: group\n    rules:\n      - record: job:lag:sum\n        expr: sum by (job) (lag)\n".to_owned()];
        let names = metrics(&rules);
        for name in ["workload_request_duration_seconds_bucket", "workload_requests_total", "up", "job:lag:sum"] {
            assert!(names.contains(&format!("\"{name}\"")), "{name}");
        }
        assert!(!names.contains("\"workload_request_duration_seconds\""));
    }
}
