//! The SRE Workbook's rules, taken literally.

use std::fmt::Write;

/// Returns rules that compute each window of each SLO as a ratio of rates over the raw counters every 30 s, and the
/// four alerts on them.
pub(crate) fn rules(slos: usize) -> String {
    let mut yaml = String::from("groups:\n");
    // Writing to a String can't fail.
    for slo in 0..slos {
        let _ = writeln!(yaml, "  - name: s{slo}\n    interval: 30s\n    rules:");
        for window in ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"] {
            let sum = |counter: &str| format!("sum(rate({counter}{{slo_id=\"s{slo}\"}}[{window}]))");
            let (bad, all) = (sum("errors_total"), sum("requests_total"));
            let _ = writeln!(
                yaml,
                "      - record: plain:ratio_rate{window}\n        expr: {bad} / {all}\n        labels: {{slo: s{slo}}}"
            );
        }
        for (factor, long, short) in [(14.4, "1h", "5m"), (6.0, "6h", "30m"), (3.0, "1d", "2h"), (1.0, "3d", "6h")] {
            let above = |window: &str| format!("plain:ratio_rate{window}{{slo=\"s{slo}\"}} > {factor} * 0.001");
            let _ = writeln!(yaml, "      - alert: Burn\n        expr: {} and {}", above(long), above(short));
        }
    }
    yaml
}
