//! The checks: one module per step, with the question it asks and the evaluation of the answer.

pub(super) mod accounting;
pub(super) mod alertmanager;
pub(super) mod armed;
pub(super) mod dashboards;
pub(super) mod dead_letters;
pub(super) mod explained;
pub(super) mod fault;
pub(super) mod flow;
pub(super) mod pods;
pub(super) mod quiet;
pub(super) mod route;
pub(super) mod rules;
pub(super) mod services;
pub(super) mod targets;
pub(super) mod unbroken;

use std::time::Duration;

use tokio::time::sleep;

use super::outcome::{Failure, Note, Verdict};

const POLL: Duration = Duration::from_millis(500);

/// Repeats `look` until it succeeds; the step's time limit ends it.
async fn until(note: &Note, look: impl AsyncFnMut() -> Result<String, Failure>) -> Verdict {
    every(POLL, note, look).await
}

/// Like [`until`], with this interval.
async fn every(poll: Duration, note: &Note, mut look: impl AsyncFnMut() -> Result<String, Failure>) -> Verdict {
    loop {
        match look().await {
            Ok(detail) => return Verdict::Passed(detail),
            Err(missing) => note.not_yet(missing),
        }
        sleep(poll).await;
    }
}

/// Returns the first few, so that they fit on one line.
fn some(all: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

/// Returns the verdict of a step that is skipped because `name` is not in the target.
fn lacks(name: &str) -> Verdict {
    Verdict::Skipped(format!("no {name} in the target"))
}
