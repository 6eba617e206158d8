//! The parts of a promtool test, and their YAML.

use std::fmt::Write;

/// A file of promtool tests.
pub struct File {
    /// The paths of rule files, relative to this file.
    pub rule_files: Vec<String>,
    /// Seconds between two evaluations.
    pub every: u64,
    /// The independent simulations.
    pub scenarios: Vec<Scenario>,
}

/// One simulation.
#[derive(Default)]
pub struct Scenario {
    /// The name, printed when it fails.
    pub name: String,
    /// Seconds between two samples of the input.
    pub scrape: u64,
    /// The series with their samples.
    pub series: Vec<(String, Counter)>,
    /// The checks.
    pub checks: Vec<Check>,
}

/// An expression at a time, and its expected value.
pub struct Check {
    /// The time in seconds from the start.
    pub at: u64,
    /// The PromQL expression.
    pub expr: String,
    /// The labels of its only series, in PromQL notation.
    pub labels: String,
    /// The value of its only series. `None` if there must be no series.
    pub value: Option<f64>,
}

/// The samples of a counter.
#[derive(Default, Clone)]
pub struct Counter {
    values: Vec<String>,
    last: f64,
    begun: bool,
}

impl Counter {
    /// Creates a counter that starts at 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rises by `each` for this number of samples. `each` is rounded to whole events, because promtool sums fractions
    /// up with rounding errors that look like a counter reset.
    pub fn rise(mut self, samples: u64, each: f64) -> Self {
        let each = each.round();
        let Some(more) = samples.checked_sub(1) else { return self };
        let first = if self.begun { self.last + each } else { self.last };
        self.values.push(format!("{}+{}x{more}", first, each));
        self.last = first + each * more as f64;
        self.begun = true;
        self
    }

    /// Stays at this value, as a gauge, for this number of samples.
    pub fn constant(mut self, samples: u64, value: f64) -> Self {
        if let Some(more) = samples.checked_sub(1) {
            self.values.push(format!("{}x{more}", value));
        }
        self
    }

    /// Has no samples for a while, and then continues at the same value.
    pub fn missing(mut self, samples: u64) -> Self {
        self.values.push(format!("_x{samples}"));
        self
    }

    /// Starts from 0 again, as if the process had been restarted.
    pub fn restarted(mut self) -> Self {
        self.last = 0.0;
        self.begun = false;
        self
    }
}

impl File {
    /// Returns the YAML with `comment` on top.
    pub fn to_yaml(&self, comment: &str) -> String {
        let mut yaml = format!("# {comment}\nrule_files:\n");
        for file in &self.rule_files {
            let _ = writeln!(yaml, "  - {file}");
        }
        let _ = writeln!(yaml, "evaluation_interval: {}s\ntests:", self.every);
        for scenario in &self.scenarios {
            let _ =
                writeln!(yaml, "  - name: {}\n    interval: {}s\n    input_series:", scenario.name, scenario.scrape);
            for (series, counter) in &scenario.series {
                let _ = writeln!(yaml, "      - series: '{series}'\n        values: '{}'", counter.values.join(" "));
            }
            let _ = writeln!(yaml, "    promql_expr_test:");
            for Check { at, expr, labels, value } in &scenario.checks {
                let _ = writeln!(yaml, "      - expr: '{expr}'\n        eval_time: {at}s");
                match value {
                    Some(value) => {
                        let _ = writeln!(yaml, "        exp_samples: [{{labels: '{labels}', value: {value}}}]");
                    }
                    None => {
                        let _ = writeln!(yaml, "        exp_samples: []");
                    }
                }
            }
        }
        yaml
    }
}
