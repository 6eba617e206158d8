//! One promtool test: the scraped series, and the expectations at given times.
use super::COMMENT;
use super::values::{STEP, Values};
use std::fmt::Write;

/// A separate test, which begins with an empty database.
pub(super) struct Scenario {
    name: String,
    series: Vec<(String, Values)>,
    checks: Vec<(u32, String, Vec<String>)>,
}

impl Scenario {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), series: Vec::new(), checks: Vec::new() }
    }

    pub(super) fn all(mut self, series: impl IntoIterator<Item = (String, Values)>) -> Self {
        self.series.extend(series);
        self
    }

    /// Makes all series except `up` stale for `steps` steps, after their samples so far.
    pub(super) fn go(&mut self, steps: u32) {
        for (_, values) in self.series.iter_mut().filter(|(name, _)| !name.starts_with("up{")) {
            *values = std::mem::take(values).away(steps);
        }
    }

    /// Expects that at a step `alert` fires, with these labels besides its own and those of its severity and path, and
    /// that nothing else does.
    pub(super) fn fires(self, step: u32, alert: &str, severity: &str, labels: &str) -> Self {
        let labels = if labels.is_empty() { String::new() } else { format!(", {labels}") };
        let fires = format!(
            "ALERTS{{alertname=\"{alert}\", alertstate=\"firing\", severity=\"{severity}\", \
             source=\"tidewatch\", path=\"slow\"{labels}}}"
        );
        self.check(step, FIRING, [fires])
    }

    /// Expects that nothing fires at a step.
    pub(super) fn quiet_at(self, step: u32) -> Self {
        self.check(step, FIRING, [])
    }

    /// Expects that nothing has fired up to a step.
    pub(super) fn was_quiet(self, step: u32) -> Self {
        self.check(step, format!("count_over_time({FIRING}[{}s])", (step + 1) * STEP), [])
    }

    /// Expects that nothing has even been pending up to a step.
    pub(super) fn was_calm(self, step: u32) -> Self {
        let pending = "ALERTS{alertname!=\"Watchdog\"}";
        self.check(step, format!("count_over_time({pending}[{}s])", (step + 1) * STEP), [])
    }

    /// Expects that a record has never been NaN up to a step.
    pub(super) fn was_a_number(self, step: u32, record: &str) -> Self {
        self.check(step, format!("count_over_time(({record} != {record})[{}s:{STEP}s])", (step + 1) * STEP), [])
    }

    /// Expects that at a step the expression returns these samples, each with the value 1.
    pub(super) fn check(
        mut self,
        step: u32,
        expression: impl Into<String>,
        samples: impl IntoIterator<Item = String>,
    ) -> Self {
        self.checks.push((step, expression.into(), samples.into_iter().collect()));
        self
    }

    fn write(&self, out: &mut String) {
        let Self { name, series, checks } = self;
        let _ = writeln!(out, "  - name: {name}\n    interval: {STEP}s");
        if !series.is_empty() {
            out.push_str("    input_series:\n");
        }
        for (series, values) in series {
            let _ = writeln!(out, "      - {{series: '{series}', values: '{}'}}", values.notation());
        }
        out.push_str("    promql_expr_test:\n");
        for (step, expression, samples) in checks {
            let at = step * STEP;
            let _ = writeln!(out, "      - expr: '{expression}'\n        eval_time: {}m{}s", at / 60, at % 60);
            if samples.is_empty() {
                out.push_str("        exp_samples: []\n");
            } else {
                out.push_str("        exp_samples:\n");
            }
            for sample in samples {
                let _ = writeln!(out, "          - {{labels: '{sample}', value: 1}}");
            }
        }
    }
}

/// All firing alerts except the Watchdog, which always fires.
const FIRING: &str = "ALERTS{alertstate=\"firing\", alertname!=\"Watchdog\"}";

/// Renders a file of scenarios for promtool. Groups of records are evaluated first, since other groups use them.
pub(super) fn file(rule_files: &[&str], scenarios: &[Scenario]) -> String {
    let files: Vec<String> = rule_files.iter().map(|file| format!("../{file}")).collect();
    let mut out = format!(
        "# {COMMENT}\n\
         rule_files: [{}]\nevaluation_interval: {STEP}s\ngroup_eval_order:\n  [{}]\ntests:\n",
        files.join(", "),
        GROUPS.join(", "),
    );
    for scenario in scenarios {
        scenario.write(&mut out);
    }
    out
}

const GROUPS: [&str; 7] = [
    "stream-records",
    "platform-records",
    "stream-services",
    "stream-pipeline",
    "platform-saturation",
    "platform-reach",
    "platform-alerting",
];
