//! Thresholds, from which a value counts as good, a warning or critical.

use serde_json::{Value, json};

use crate::colour::Colour;

/// The thresholds of a panel or a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thresholds {
    base: Colour,
    /// In ascending order.
    steps: Vec<(f64, Colour)>,
}

impl Thresholds {
    /// Creates no thresholds: no value is good or bad by itself.
    pub(crate) const fn none() -> Self {
        Self { base: Colour::Neutral, steps: Vec::new() }
    }

    /// Shows a warning from this value upwards.
    pub(crate) fn warning_from(value: f64) -> Self {
        Self { base: Colour::Good, steps: vec![(value, Colour::Warning)] }
    }

    /// Shows critical from this value upwards.
    pub(crate) fn critical_from(value: f64) -> Self {
        Self { base: Colour::Good, steps: vec![(value, Colour::Critical)] }
    }

    /// Shows a warning below the first value, and critical below the second, lower one.
    pub(crate) fn falling(warning: f64, critical: f64) -> Self {
        Self { base: Colour::Critical, steps: vec![(critical, Colour::Warning), (warning, Colour::Good)] }
    }

    /// Shows critical below this value.
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
