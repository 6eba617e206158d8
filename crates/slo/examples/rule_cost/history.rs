//! Writes past samples of counters and records as Prometheus blocks.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use crate::{SCRAPE, SERIES};

/// Requests per second of a series. Counts are derived from the time, so that scraped samples continue where the
/// history ends.
pub(crate) const RATE: u64 = 10;
/// One in this many requests fails: half of the budget.
const ONE_IN: u64 = 2_000;
/// The counters without their `_total`, each counting one in this many requests.
pub(crate) const COUNTERS: [(&str, u64); 2] = [("requests", 1), ("errors", ONE_IN)];

/// Writes blocks for the `days` before `now` under `dir/data`.
pub(crate) fn write(dir: &Path, slos: usize, days: u64, now: u64) -> Result<(), Box<dyn Error>> {
    let text = dir.join("history.txt");
    let mut file = BufWriter::new(File::create(&text)?);
    let start = now - days * 86_400;
    for (metric, one_in) in COUNTERS {
        writeln!(file, "# TYPE {metric} counter")?;
        for (slo, series) in (0..slos).flat_map(|slo| (0..SERIES).map(move |series| (slo, series))) {
            for at in (start..now).step_by(SCRAPE as usize) {
                let count = at * RATE / one_in;
                writeln!(
                    file,
                    "{metric}_total{{slo_id=\"s{slo}\",series=\"{series}\",instance=\"i\",job=\"cost\"}} {count} {at}"
                )?;
            }
        }
    }
    let all = (RATE * SERIES as u64) as f64;
    // Records that the rules would have written: base records for two hours, tiles for four days, means of steps for
    // all days.
    let records = [
        ("slo:events:rate5m", all, 30, 7_200),
        ("slo:bad_events:rate5m", all / ONE_IN as f64, 30, 7_200),
        ("slo:bad_events:increase30s", all / ONE_IN as f64 * 30.0, 30, 7_200),
        ("slo:events:avg2m", all, 120, 4 * 86_400),
        ("slo:bad_events:increase2m", all / ONE_IN as f64 * 120.0, 120, 4 * 86_400),
        ("slo:events:avg10m", all, 120, days * 86_400),
        ("slo:bad_events:avg10m", all / ONE_IN as f64, 120, days * 86_400),
    ];
    for (name, value, every, length) in records {
        writeln!(file, "# TYPE {name} gauge")?;
        for slo in 0..slos {
            for at in (now - length.min(days * 86_400)..now).step_by(every) {
                // Values vary a little, as measured ones do: equal values would compress to nothing.
                let value = value * (1.0 + (at / 30 * 7_919 % 1_009) as f64 / 10_090.0);
                writeln!(file, "{name}{{slo=\"s{slo}\",service=\"shop\",window=\"30d\"}} {value} {at}")?;
            }
        }
    }
    writeln!(file, "# EOF")?;
    file.into_inner()?.sync_all()?;
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "--max-block-duration=64d", "--quiet", "openmetrics"])
        .args([&text, &dir.join("data")])
        .status()?;
    if !made.success() {
        return Err("promtool can't create blocks from the history".into());
    }
    std::fs::remove_file(text)?;
    Ok(())
}
