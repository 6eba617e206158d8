//! How a step of the check ended, and what a step notes on its way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;
use serde::Serialize;
use tidewatch_service::printable;

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// As it should be, and the figures that say so.
    Passed(String),
    /// Not as it should be.
    Failed(Failure),
    /// This way of running has no such thing; the reason.
    Skipped(String),
    /// It was not tried; the reason.
    NotRun(String),
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Failure {
    /// What a healthy Tidewatch does.
    pub(super) expected: String,
    /// What this one does.
    pub(super) seen: String,
    /// A command that shows more.
    pub(super) more: String,
}

impl Failure {
    /// A failure of these three sentences.
    pub(super) fn new(expected: impl Into<String>, seen: impl Into<String>, more: impl Into<String>) -> Self {
        Self { expected: expected.into(), seen: seen.into(), more: more.into() }
    }
}

/// Seconds that something took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Timing {
    /// What took them, such as `told`.
    pub(super) name: &'static str,
    /// How many.
    pub(super) seconds: f64,
    /// How many are promised, where something is.
    pub(super) limit: Option<f64>,
}

/// A step that is over.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    /// Seconds that the step took.
    pub(super) seconds: f64,
    pub(super) timings: Vec<Timing>,
}

impl Outcome {
    /// Of a step that never began.
    pub(super) fn not_run(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotRun(why.into()), seconds: 0.0, timings: Vec::new() }
    }
}

/// Where a running step notes what it waits for and what it measured. What was noted last counts when its time is up.
#[derive(Debug, Clone)]
pub(super) struct Note {
    bar: ProgressBar,
    noted: Arc<Mutex<Noted>>,
}

#[derive(Debug, Default)]
struct Noted {
    missing: Option<Failure>,
    timings: Vec<Timing>,
}

impl Note {
    /// A step whose line on the terminal is `bar`.
    pub(super) fn new(bar: ProgressBar) -> Self {
        Self { bar, noted: Arc::default() }
    }

    /// Tells what the step does just now.
    pub(super) fn doing(&self, what: impl Into<String>) {
        self.bar.set_message(printable(what.into()).to_string());
    }

    /// Not yet as it should be: this is the failure if it stays so.
    pub(super) fn not_yet(&self, missing: Failure) {
        self.bar.set_message(format!("waiting: {}", printable(&missing.seen)));
        self.lock().missing = Some(missing);
    }

    /// Something was measured.
    pub(super) fn took(&self, name: &'static str, seconds: f64, limit: Option<f64>) {
        self.lock().timings.push(Timing { name, seconds, limit });
    }

    /// What is missing, if anything is.
    pub(super) fn missing(&self) -> Option<Failure> {
        self.lock().missing.clone()
    }

    /// What was measured so far.
    pub(super) fn timings(&self) -> Vec<Timing> {
        self.lock().timings.clone()
    }

    // A panic in a step leaves what it noted before.
    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
