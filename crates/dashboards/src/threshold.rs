//! From which value on a measurement is judged how.

use serde_json::{Value, json};

use crate::colour::Colour;

/// Thresholds of a panel or a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thresholds {
    base: Colour,
    /// Ascending.
    steps: Vec<(f64, Colour)>,
}

impl Thresholds {
    /// Nobody judges this: no value is good or bad by itself.
    pub(crate) const fn none() -> Self {
        Self { base: Colour::Neutral, steps: Vec::new() }
    }

    /// A warning from here on.
    pub(crate) fn warning_from(value: f64) -> Self {
        Self { base: Colour::Good, steps: vec![(value, Colour::Warning)] }
    }

    /// Critical from here on.
    pub(crate) fn critical_from(value: f64) -> Self {
        Self { base: Colour::Good, steps: vec![(value, Colour::Critical)] }
    }

    /// A warning below the first, critical below the second, which is lower.
    pub(crate) fn falling(warning: f64, critical: f64) -> Self {
        Self { base: Colour::Critical, steps: vec![(critical, Colour::Warning), (warning, Colour::Good)] }
    }

    /// Critical below this.
    pub(crate) fn critical_below(value: f64) -> Self {
        Self { base: Colour::Critical, steps: vec![(value, Colour::Good)] }
    }

    pub(crate) fn judges(&self) -> bool {
        !self.steps.is_empty()
    }

    pub(crate) fn json(&self) -> Value {
        let base = json!({"color": self.base.hex(), "value": null});
        let steps = self.steps.iter().map(|(value, colour)| json!({"color": colour.hex(), "value": value}));
        json!({"mode": "absolute", "steps": std::iter::once(base).chain(steps).collect::<Vec<_>>()})
    }
}
