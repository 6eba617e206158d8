//! docs/metrics.md: every metric of every service, generated from the declarations.
use crate::committed::assert_committed;
use std::fmt::Write;
use tidewatch::catalogue::SERVICES;
use tidewatch_service::metrics::{COMMON, Family, Kind};

const INTRODUCTION: &str = "# Metrics

Generated from the services' declarations (`METRICS` of each, `apps/tidewatch/src/catalogue.rs` of all) by
`UPDATE=1 cargo test -p tidewatch --test monitoring`.

Each service exposes its metrics on `/metrics` of its admin listener, as Prometheus text or OpenMetrics. Prometheus adds
the labels `job` (the service's name) and `instance`. A series exists from the start wherever its label values are known
then, so that an increase has the 0 before the first count.
";

#[test]
fn the_page_lists_every_metric_that_is_declared() {
    let mut page = INTRODUCTION.to_owned();
    section(&mut page, "Every service", COMMON);
    page.push_str("\nWhat begins with `process_` needs Linux. In `tidewatch up` all services are one process: each exposes the same.\n");
    for job in SERVICES {
        section(&mut page, job.name, job.own);
    }
    assert_committed("docs/metrics.md", &page);
}

#[test]
fn every_declaration_follows_the_conventions() {
    let all: Vec<Family> = SERVICES.iter().flat_map(|job| job.own).chain(COMMON).copied().collect();
    for family in &all {
        let Family { name, kind, help, labels, .. } = *family;
        assert_eq!(kind == Kind::Counter, name.ends_with("_total"), "{name}: counters, and they alone, end in _total");
        assert!(
            help.ends_with('.') && help.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()),
            "{name}: {help}"
        );
        assert!(!help.contains(['|', '\n']), "{name}: {help}");
        for label in labels {
            assert!(!["job", "instance", "le"].contains(label), "{name}: {label} is Prometheus's own to set");
        }
        // The same name in two services is the same metric.
        assert!(all.iter().all(|other| other.name != name || other == family), "{name} is declared in two ways");
    }
}

fn section(page: &mut String, title: &str, families: &[Family]) {
    write!(page, "\n## {title}\n| name | type | labels | meaning |\n|---|---|---|---|\n").unwrap();
    for Family { name, kind, help, labels, .. } in families {
        writeln!(page, "| `{name}` | {} | {} | {help} |", kind.as_str(), labels.join(", ")).unwrap();
    }
    for family in families.iter().filter(|family| family.kind == Kind::Histogram) {
        let bounds: Vec<String> = family.buckets.iter().map(f64::to_string).collect();
        writeln!(page, "\nBuckets of `{}` end at {}.", family.name, bounds.join(", ")).unwrap();
    }
}
