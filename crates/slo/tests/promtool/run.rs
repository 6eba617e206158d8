//! Runs promtool on rules and tests in a temporary directory.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;
use tidewatch_slo::{Scale, Slo, generate};

/// The rules of some SLOs, and promtool to evaluate them.
pub(crate) struct Promtool {
    program: std::path::PathBuf,
    dir: TempDir,
}

impl Promtool {
    /// Writes the rules accepted by `keep`. Returns `None` if promtool isn't installed, and reports `test` as skipped.
    pub(crate) fn with_rules(test: &str, slos: &[Slo], keep: fn(&str) -> bool) -> Option<Self> {
        let program = tidewatch_testkit::program("promtool", test)?;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("rules.yaml"), only(&generate(slos, Scale::REAL), keep)).unwrap();
        Some(Self { program, dir })
    }

    /// Runs a file of tests.
    pub(crate) fn test(&self, yaml: &str) -> Output {
        fs::write(self.dir.path().join("rules.test.yaml"), yaml).unwrap();
        Command::new(&self.program).args(["test", "rules", "rules.test.yaml"]).current_dir(&self.dir).output().unwrap()
    }
}

/// Returns the generated text with only the rules whose record or alert name `keep` accepts.
fn only(rules: &str, keep: fn(&str) -> bool) -> String {
    let mut kept = true;
    let lines = rules.lines().filter(|line| {
        if let Some(name) = line.strip_prefix("      - record: ").or(line.strip_prefix("      - alert: ")) {
            kept = keep(name);
        } else if !line.starts_with("       ") {
            kept = true;
        }
        kept
    });
    lines.map(|line| format!("{line}\n")).collect()
}
