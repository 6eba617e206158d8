//! Samples of a series in the notation of promtool's unit tests, a step of 15 s after the other.
use std::fmt::Write;

/// Seconds from one sample, and one evaluation, to the next.
pub(super) const STEP: u32 = 15;

/// How many steps a number of minutes is.
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
    /// A counter that begins at 0.
    pub(super) fn counter() -> Self {
        Self { notation: "0".to_owned(), last: 0.0 }
    }

    /// A series without a sample so far.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Rises by `each` a step, for so many of them.
    pub(super) fn rise(mut self, each: f64, steps: u32) -> Self {
        let first = self.last + each;
        self.last += each * f64::from(steps);
        self.push(format_args!("{first}+{each}x{}", steps - 1));
        self
    }

    /// Stays at `level` for so many steps.
    pub(super) fn stay(mut self, level: f64, steps: u32) -> Self {
        self.last = level;
        self.push(format_args!("{level}x{}", steps - 1));
        self
    }

    /// What exposes it is away for so many steps.
    pub(super) fn away(mut self, steps: u32) -> Self {
        self.push(format_args!("stale _x{}", steps - 1));
        self
    }

    /// Nobody asks for it for so many steps.
    pub(super) fn missing(mut self, steps: u32) -> Self {
        self.push(format_args!("_x{steps}"));
        self
    }

    /// Its process begins anew, with a count of 0.
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
