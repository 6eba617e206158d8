//! An SLO as the rest of this crate knows it: read, checked, and nothing left to default.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Place, Span};

/// A service level objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// Unique; the label `slo` of everything that is generated.
    pub name: String,
    /// Why it exists, as far as the file says.
    pub description: Option<String>,
    /// Whose objective it is; the label `service`.
    pub service: String,
    /// Further labels of every record and alert.
    pub labels: BTreeMap<String, String>,
    /// Over how long the budget is.
    pub window: Window,
    /// Share of good events, or of good time slices: above 0 and below 1.
    pub target: f64,
    /// What the budget counts.
    pub budgeting: Budgeting,
    /// What is measured.
    pub indicator: Indicator,
    /// An alert fires only with so many bad events in its long window. 0 where nothing is counted, with threshold
    /// indicators.
    pub min_bad_events: u64,
    /// Where it is defined.
    pub at: Place,
}

impl Slo {
    /// Share of events, or of time slices, that may be bad: 1 - target.
    pub fn budget(&self) -> f64 {
        complement(self.target)
    }
}

/// 1 - share, without the dirt of binary fractions: 1 - 0.999 is 0.001.
pub(crate) fn complement(share: f64) -> f64 {
    tidy(1.0 - share)
}

/// Rounded to twelve decimals.
pub(crate) fn tidy(number: f64) -> f64 {
    (number * 1e12).round() / 1e12
}

/// The rolling window of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// 7 days.
    Days7,
    /// 28 days, four weeks: each has as many weekends.
    Days28,
    /// 30 days.
    Days30,
}

impl Window {
    /// All that are supported.
    pub const ALL: [Self; 3] = [Self::Days7, Self::Days28, Self::Days30];

    /// Its length.
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

/// What a budget counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budgeting {
    /// Events; with a threshold indicator, time.
    Occurrences,
    /// Time slices; one is bad where less than `target` of its events, or of its time, is good.
    TimeSlices {
        /// Length of a slice.
        slice: Span,
        /// Share that must be good in a slice: above 0, at most 1.
        target: f64,
    },
}

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Indicator {
    /// Counts of good and all events.
    Good {
        /// Query of the good ones.
        good: Query,
        /// Query of all.
        total: Query,
        /// Whether both are counters, of which rates are taken; else they are rates already.
        counter: bool,
    },
    /// Counts of bad and all events.
    Bad {
        /// Query of the bad ones.
        bad: Query,
        /// Query of all.
        total: Query,
        /// Whether both are counters, of which rates are taken; else they are rates already.
        counter: bool,
    },
    /// A value that must stay within a bound.
    Threshold {
        /// Query of the value.
        query: Query,
        /// How the value must compare with the bound to be good.
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
    /// As PromQL writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// What holds exactly when this doesn't (of numbers that are not NaN).
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }
}

/// PromQL that was parsed without error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// As it was written, without white space around it.
    pub text: String,
    /// Where it is written.
    pub at: Place,
}
