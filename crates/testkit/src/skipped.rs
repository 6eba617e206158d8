//! How a test says that it did not run.

use std::io::Write;

/// Says that `test` does not run here, past the test harness, which would swallow what a passing test prints.
pub fn skipped(test: &str, reason: impl std::fmt::Display) {
    // The test goes on the same whether somebody reads this or not.
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
}
