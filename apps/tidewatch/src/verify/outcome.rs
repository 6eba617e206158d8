//! The outcome of a step, and the notes that a step takes while it runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;
use serde::Serialize;
use tidewatch_service::printable;

/// The verdict on a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// Everything is as it should be; the figures that show it.
    Passed(String),
    /// Something is not as it should be.
    Failed(Failure),
    /// The target doesn't include what the step checks; the reason.
    Skipped(String),
    /// The step was not run; the reason.
    NotRun(String),
}

/// A description of a failure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Failure {
    /// The behaviour of a healthy Tidewatch.
    pub(super) expected: String,
    /// The observed behaviour.
    pub(super) seen: String,
    /// A command that shows more.
    pub(super) more: String,
}

impl Failure {
    /// Returns a failure with these three sentences.
    pub(super) fn new(expected: impl Into<String>, seen: impl Into<String>, more: impl Into<String>) -> Self {
        Self { expected: expected.into(), seen: seen.into(), more: more.into() }
    }
}

/// A measured duration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Timing {
    /// The name of what was measured, such as `told`.
    pub(super) name: &'static str,
    /// The duration in seconds.
    pub(super) seconds: f64,
    /// The promised maximum in seconds, if there is one.
    pub(super) limit: Option<f64>,
}

/// The outcome of a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    /// Duration of the step in seconds.
    pub(super) seconds: f64,
    pub(super) timings: Vec<Timing>,
}

impl Outcome {
    /// Returns the outcome of a step that never started.
    pub(super) fn not_run(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotRun(why.into()), seconds: 0.0, timings: Vec::new() }
    }
}

/// The notes of a running step: the condition that it waits for, and its measurements. When its time is up, the last
/// note counts.
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
    /// Returns notes for a step whose line on the terminal is `bar`.
    pub(super) fn new(bar: ProgressBar) -> Self {
        Self { bar, noted: Arc::default() }
    }

    /// Shows what the step is doing at the moment.
    pub(super) fn doing(&self, what: impl Into<String>) {
        self.bar.set_message(printable(what.into()).to_string());
    }

    /// Notes the condition that is not met yet: the failure if the step's time runs out.
    pub(super) fn not_yet(&self, missing: Failure) {
        self.bar.set_message(format!("waiting: {}", printable(&missing.seen)));
        self.lock().missing = Some(missing);
    }

    /// Adds a measurement.
    pub(super) fn took(&self, name: &'static str, seconds: f64, limit: Option<f64>) {
        self.lock().timings.push(Timing { name, seconds, limit });
    }

    /// Returns what is missing, if anything is.
    pub(super) fn missing(&self) -> Option<Failure> {
        self.lock().missing.clone()
    }

    /// Returns the measurements so far.
    pub(super) fn timings(&self) -> Vec<Timing> {
        self.lock().timings.clone()
    }

    // After a panic in a step, the notes it took before are still valid.
    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
