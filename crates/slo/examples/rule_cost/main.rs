//! Measures the cost of the rules in a real Prometheus, compared with the SRE Workbook's rules taken literally, where
//! each window of each SLO is a range query over the raw counters.
//!
//!     cargo run --release -p tidewatch-slo --example rule_cost -- [SLOS] [DAYS]
//!
//! 1,000 SLOs over 30 days take some 20 GB and an hour to prepare. Cost is proportional to the number of SLOs, so the
//! default is 20. `prometheus` and `promtool` must be on the PATH. Past samples of counters and records are written
//! with `promtool tsdb create-blocks-from openmetrics`; present ones are scraped from this program. Each kind of rules
//! settles for two minutes and is then measured for four.

mod history;
mod plain;
mod server;
mod target;

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};
use std::{fs, thread};

use server::Server;
use tidewatch_slo::{Scale, Slo, generate, parse};

/// Number of series of each counter of an SLO, such as one per region or endpoint.
const SERIES: usize = 4;
/// Seconds between two samples of a counter.
const SCRAPE: u64 = 30;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse::<usize>());
    let (count, days) = (number(20)?, number(30)?);
    let begun = SystemTime::now();
    let slos = slos(count)?;
    let shared = generate(&slos, Scale::REAL);
    say(&format!("{count} SLOs read and generated in {:.2} s", begun.elapsed()?.as_secs_f64()));

    let dir = tempfile::tempdir()?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() / SCRAPE * SCRAPE;
    history::write(dir.path(), count, days as u64, now)?;
    say(&format!("{days} days of history written after {:.0} s", begun.elapsed()?.as_secs_f64()));
    let address = target::serve(count)?;
    for (name, rules) in [("shared records", shared), ("plain Workbook", plain::rules(count))] {
        measure(dir.path(), name, &rules, &address, count)?;
    }
    Ok(())
}

/// Returns availability SLOs `s0`, `s1`, ...
fn slos(count: usize) -> Result<Vec<Slo>, Box<dyn Error>> {
    let mut yaml = String::new();
    for index in 0..count {
        let source = |name: &str| {
            format!("{{metricSource: {{type: Prometheus, spec: {{query: '{name}{{slo_id=\"s{index}\"}}'}}}}}}")
        };
        let (bad, total) = (source("errors_total"), source("requests_total"));
        writeln!(
            yaml,
            "---\n{{apiVersion: openslo/v1, kind: SLO, metadata: {{name: s{index}}}, spec: {{service: shop, \
             budgetingMethod: Occurrences, timeWindow: [{{duration: 30d, isRolling: true}}], objectives: [{{target: \
             0.999}}], indicator: {{spec: {{ratioMetric: {{counter: true, bad: {bad}, total: {total}}}}}}}}}}}"
        )?;
    }
    Ok(parse("generated", &yaml)?)
}

fn measure(dir: &Path, name: &str, rules: &str, target: &str, count: usize) -> Result<(), Box<dyn Error>> {
    fs::write(dir.join("rules.yaml"), rules)?;
    let server = Server::start(dir, target)?;
    thread::sleep(Duration::from_secs(120));
    let before = (server.evaluating()?, server.cpu()?);
    thread::sleep(Duration::from_secs(240));
    let after = (server.evaluating()?, server.cpu()?);
    let per_minute = |before: f64, after: f64| (after - before) / 4.0;
    let (evaluating, cpu) = (per_minute(before.0, after.0), per_minute(before.1, after.1));
    let thousand = 1_000.0 / count as f64;
    say(&format!(
        "{name}: {evaluating:.3} s of evaluation and {cpu:.3} s of CPU per minute, {:.1} s and {:.1} s for 1,000 SLOs",
        evaluating * thousand,
        cpu * thousand
    ));
    Ok(())
}

fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}
