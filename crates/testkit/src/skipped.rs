//! How a test says that it did not run.

use std::io::Write;

/// Says that `test` does not run here, past the test harness, which would swallow what a passing test prints.
pub fn skipped(test: &str, reason: impl std::fmt::Display) {
    // In one write, so that the line stays whole among what other tests print. The test goes on the same whether
    // somebody reads it or not.
    let _ = std::io::stderr().write_all(format!("skipped: {test}: {reason}\n").as_bytes());
}
