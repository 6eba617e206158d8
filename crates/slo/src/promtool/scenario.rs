//! What a promtool test consists of, and the YAML of it.

use std::fmt::Write;

/// A file of promtool tests.
pub struct File {
    /// Paths of rule files, relative to the file.
    pub rule_files: Vec<String>,
    /// Seconds between two evaluations.
    pub every: u64,
    /// What is simulated, each for itself.
    pub scenarios: Vec<Scenario>,
}

/// One simulation.
#[derive(Default)]
pub struct Scenario {
    /// Said when it fails.
    pub name: String,
    /// Seconds between two samples of the input.
    pub scrape: u64,
    /// Series with what they count.
    pub series: Vec<(String, Counter)>,
    /// Questions.
    pub checks: Vec<Check>,
}

/// An expression at a time, and what it must be.
pub struct Check {
    /// Seconds from the start.
    pub at: u64,
    /// PromQL.
    pub expr: String,
    /// Labels of its only series, as PromQL writes them.
    pub labels: String,
    /// The value of its only series; none if there must be none.
    pub value: Option<f64>,
}

/// A counter's samples.
#[derive(Default, Clone)]
pub struct Counter {
    values: Vec<String>,
    last: f64,
    begun: bool,
}

impl Counter {
    /// A counter that starts at 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rises by `each` for so many samples, rounded to whole events: promtool adds fractions up until they look like a
    /// counter that starts anew.
    pub fn rise(mut self, samples: u64, each: f64) -> Self {
        let each = each.round();
        let Some(more) = samples.checked_sub(1) else { return self };
        let first = if self.begun { self.last + each } else { self.last };
        self.values.push(format!("{}+{}x{more}", first, each));
        self.last = first + each * more as f64;
        self.begun = true;
        self
    }

    /// Is a gauge with this value for so many samples.
    pub fn constant(mut self, samples: u64, value: f64) -> Self {
        if let Some(more) = samples.checked_sub(1) {
            self.values.push(format!("{}x{more}", value));
        }
        self
    }

    /// Has no samples for a while, and goes on from where it was.
    pub fn missing(mut self, samples: u64) -> Self {
        self.values.push(format!("_x{samples}"));
        self
    }

    /// Starts anew: the process that counts was restarted.
    pub fn restarted(mut self) -> Self {
        self.last = 0.0;
        self.begun = false;
        self
    }
}

impl File {
    /// The YAML, with `comment` on top.
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
