//! `docs/metrics.md`: every metric of every service, from its declaration.

use std::fmt::Write;

use tidewatch::catalogue;
use tidewatch_service::metrics::{COMMON, Family, Kind};

const INTRODUCTION: &str = "# Metrics

Generated from the services' declarations (`METRICS` of each, `apps/tidewatch/src/services.rs` lists all) by
`cargo xtask generate`.

Each service exposes its metrics on `/metrics` of its admin listener, as Prometheus text or OpenMetrics. Prometheus adds
the labels `job` (the service's name) and `instance`. A series exists from the start wherever its label values are known
then, so that an increase has the 0 before the first count.
";

const PROCESS: &str = "
What begins with `process_` needs Linux. In `tidewatch up` all services are one process: each exposes the same.
";

/// Returns the page.
pub(crate) fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    section(&mut page, "Every service", COMMON);
    page.push_str(PROCESS);
    for job in catalogue::services() {
        section(&mut page, job.name, job.own);
    }
    page
}

fn section(page: &mut String, title: &str, families: &[Family]) {
    let _ = write!(page, "\n## {title}\n| name | type | labels | meaning |\n|---|---|---|---|\n");
    for Family { name, kind, help, labels, .. } in families {
        let _ = writeln!(page, "| `{name}` | {} | {} | {help} |", kind.as_str(), labels.join(", "));
    }
    for family in families.iter().filter(|family| family.kind == Kind::Histogram) {
        let bounds: Vec<String> = family.buckets.iter().map(f64::to_string).collect();
        let _ = writeln!(page, "\nBuckets of `{}` end at {}.", family.name, bounds.join(", "));
    }
}
