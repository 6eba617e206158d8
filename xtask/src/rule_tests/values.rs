//! Samples of a series in the notation of promtool's unit tests, one per step of 15 s.
use std::fmt::Write;

/// Seconds between samples, and between evaluations.
pub(super) const STEP: u32 = 15;

/// Returns a number of minutes as a number of steps.
pub(super) const fn minutes(minutes: u32) -> u32 {
    minutes * 60 / STEP
}

/// The samples of one series.
#[derive(Clone, Default)]
pub(super) struct Values {
    notation: String,
    last: f64,
}

impl Values {
    /// Returns a counter that begins at 0.
    pub(super) fn counter() -> Self {
        Self { notation: "0".to_owned(), last: 0.0 }
    }

    /// Returns a series without samples.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Rises by `each` per step, for `steps` steps.
    pub(super) fn rise(mut self, each: f64, steps: u32) -> Self {
        let first = self.last + each;
        self.last += each * f64::from(steps);
        self.push(format_args!("{first}+{each}x{}", steps - 1));
        self
    }

    /// Stays at `level` for `steps` steps.
    pub(super) fn stay(mut self, level: f64, steps: u32) -> Self {
        self.last = level;
        self.push(format_args!("{level}x{}", steps - 1));
        self
    }

    /// Is stale for `steps` steps, as when its target is gone.
    pub(super) fn away(mut self, steps: u32) -> Self {
        self.push(format_args!("stale _x{}", steps - 1));
        self
    }

    /// Has no samples for `steps` steps and no staleness marker, as when nothing scrapes it.
    pub(super) fn missing(mut self, steps: u32) -> Self {
        self.push(format_args!("_x{steps}"));
        self
    }

    /// Starts again from 0, as in a new process.
    pub(super) fn restart(mut self) -> Self {
        self.last = 0.0;
        self
    }

    pub(super) fn notation(&self) -> &str {
        &self.notation
    }

    fn push(&mut self, piece: std::fmt::Arguments<'_>) {
        if !self.notation.is_empty() {
            self.notation.push(' ');
        }
        let _ = self.notation.write_fmt(piece);
    }
}
