//! A checked SLO with all defaults filled in, as used by the rest of this crate.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Place, Span};

/// A service level objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// The unique name; the label `slo` of everything generated.
    pub name: String,
    /// The description, if the file has one.
    pub description: Option<String>,
    /// The service that the objective is for; the label `service`.
    pub service: String,
    /// More labels for every record and alert.
    pub labels: BTreeMap<String, String>,
    /// The window of the budget.
    pub window: Window,
    /// The share of good events, or of good time slices: above 0 and below 1.
    pub target: f64,
    /// The budgeting method.
    pub budgeting: Budgeting,
    /// The measurement.
    pub indicator: Indicator,
    /// Minimum number of bad events in an alert's long window for the alert to fire. 0 with threshold indicators, which
    /// have no events to count.
    pub min_bad_events: u64,
    /// The place of the definition.
    pub at: Place,
}

impl Slo {
    /// Returns the share of events, or of time slices, that may be bad: 1 - target.
    pub fn budget(&self) -> f64 {
        complement(self.target)
    }
}

/// Returns 1 - share without binary rounding errors: 1 - 0.999 is 0.001.
pub(crate) fn complement(share: f64) -> f64 {
    tidy(1.0 - share)
}

/// Rounds to twelve decimals.
pub(crate) fn tidy(number: f64) -> f64 {
    (number * 1e12).round() / 1e12
}

/// The rolling window of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// 7 days.
    Days7,
    /// 28 days: four weeks, so every window has the same number of weekends.
    Days28,
    /// 30 days.
    Days30,
}

impl Window {
    /// All supported windows.
    pub const ALL: [Self; 3] = [Self::Days7, Self::Days28, Self::Days30];

    /// Returns the window's length.
    pub const fn span(self) -> Span {
        match self {
            Self::Days7 => Span::from_days(7),
            Self::Days28 => Span::from_days(28),
            Self::Days30 => Span::from_days(30),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.span().fmt(f)
    }
}

/// The unit that a budget counts in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budgeting {
    /// Events. With a threshold indicator, time.
    Occurrences,
    /// Time slices. A slice is bad if less than `target` of its events, or of its time, is good.
    TimeSlices {
        /// The length of a slice.
        slice: Span,
        /// The share that must be good in a slice: above 0, at most 1.
        target: f64,
    },
}

/// The measurement of an SLO.
#[derive(Debug, Clone, PartialEq)]
pub enum Indicator {
    /// Counts of good and all events.
    Good {
        /// The query for good events.
        good: Query,
        /// The query for all events.
        total: Query,
        /// Whether both are counters, whose rates are taken. Otherwise they are already rates.
        counter: bool,
    },
    /// Counts of bad and all events.
    Bad {
        /// The query for bad events.
        bad: Query,
        /// The query for all events.
        total: Query,
        /// Whether both are counters, whose rates are taken. Otherwise they are already rates.
        counter: bool,
    },
    /// A value that must stay within a bound.
    Threshold {
        /// The query for the value.
        query: Query,
        /// The comparison with the bound that a good value satisfies.
        good_when: Comparison,
        /// The bound.
        value: f64,
    },
}

/// OpenSLO's `op`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `lt`
    Less,
    /// `lte`
    LessOrEqual,
    /// `gt`
    Greater,
    /// `gte`
    GreaterOrEqual,
}

impl Comparison {
    /// Returns the comparison operator in PromQL.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Returns the opposite comparison (for numbers other than NaN).
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }
}

/// A PromQL query without syntax errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The text as written, without surrounding white space.
    pub text: String,
    /// The place of the text.
    pub at: Place,
}
