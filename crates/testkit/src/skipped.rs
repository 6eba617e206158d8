//! Reporting of tests that did not run.

use std::io::Write;

/// Reports that `test` does not run here, bypassing the test harness, which would discard the output of a passing test.
pub fn skipped(test: &str, reason: impl std::fmt::Display) {
    // Written at once, so that the line isn't interleaved with the output of other tests. A failure to write doesn't
    // affect the test.
    let _ = std::io::stderr().write_all(format!("skipped: {test}: {reason}\n").as_bytes());
}
