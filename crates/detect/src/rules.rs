//! The validated rules that windows are evaluated against.

mod draft;
mod entry;
mod error;
mod file;
mod filter;
mod values;

use std::collections::BTreeMap;
use std::time::Duration;

use tidewatch_contract::{RequestView, Severity};

pub(crate) use draft::Draft;
pub use error::RulesError;
pub(crate) use filter::{Filter, MAX_FILTERS, Selection, Selections};

use crate::grid::Grid;
use crate::kinds::Kind;
use crate::units::Span;

/// Maximum number of latency rules in a file: each adds counters to every pane.
pub(crate) const MAX_LATENCY_RULES: usize = 4;

/// Validated rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    pub(crate) group_by: Vec<Label>,
    pub(crate) grid: Grid,
    pub(crate) lateness: Span,
    pub(crate) expect: Vec<String>,
    pub(crate) runbook_base: String,
    /// The distinct filters of the rules. Each is evaluated for every event.
    pub(crate) filters: Vec<Filter>,
    pub(crate) rules: Vec<Rule>,
}

/// A field of the event that events are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Service,
    Region,
    Endpoint,
    Method,
}

impl Label {
    pub(crate) const ALL: [Self; 4] = [Self::Service, Self::Region, Self::Endpoint, Self::Method];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Region => "region",
            Self::Endpoint => "endpoint",
            Self::Method => "method",
        }
    }

    pub(crate) fn of<'a>(self, event: &'a RequestView<'_>) -> &'a str {
        match self {
            Self::Service => &event.service,
            Self::Region => &event.region,
            Self::Endpoint => &event.endpoint,
            Self::Method => event.method.as_deref().unwrap_or(""),
        }
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    /// Index in [`Rules::rules`].
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) for_windows: u32,
    pub(crate) clear_windows: u32,
    pub(crate) cooldown: Span,
    pub(crate) severity: Severity,
    pub(crate) runbook_url: String,
}

impl Rules {
    /// Returns the built-in rules.
    pub fn builtin() -> Self {
        Self::parse(include_str!("../rules.yaml")).expect("a test parses the embedded rules")
    }

    /// Parses and validates a rules file.
    ///
    /// # Errors
    ///
    /// Returns the line and column of an unknown, missing or duplicate key, or of a value that is out of range.
    pub fn parse(yaml: &str) -> Result<Self, RulesError> {
        file::parse(yaml)
    }

    /// Returns the names of the labels that events are grouped by.
    pub fn group_by(&self) -> impl Iterator<Item = &'static str> {
        self.group_by.iter().map(|label| label.name())
    }

    /// Returns the length of a window.
    pub fn window(&self) -> Duration {
        Duration::from_millis(self.grid.window().0.unsigned_abs())
    }

    /// Returns the time between the ends of two consecutive windows.
    pub fn hop(&self) -> Duration {
        Duration::from_millis(self.grid.hop().0.unsigned_abs())
    }

    /// Returns how far the watermark lags behind the newest event.
    pub fn lateness(&self) -> Duration {
        Duration::from_millis(self.lateness.0.unsigned_abs())
    }

    /// Returns the services whose silence is reported even if they have never sent anything. Pass each one to
    /// [`crate::Partition::expect`] of its partition.
    pub fn expect(&self) -> &[String] {
        &self.expect
    }

    /// Returns the name and severity of each rule, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = (&str, Severity)> {
        self.rules.iter().map(|rule| (rule.name.as_str(), rule.severity))
    }

    /// Returns the default URL of a rule's runbook.
    pub(crate) fn runbook_url(&self, rule: &str) -> String {
        format!("{}/{rule}.md", self.runbook_base)
    }

    pub(crate) fn latency_counters(&self) -> LatencyCounters {
        let mut counters = LatencyCounters::default();
        for rule in &self.rules {
            rule.kind.add_counters(&mut counters);
        }
        counters
    }

    /// Returns the labels of a group, as used in alerts.
    pub(crate) fn labels<'a>(&self, values: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, String> {
        self.group_by.iter().zip(values).map(|(label, value)| (label.name().to_owned(), value.to_owned())).collect()
    }
}

/// The limits, clear levels and selections of the panes' latency counters.
#[derive(Debug, Clone)]
pub(crate) struct LatencyCounters {
    pub(crate) limits_ms: [f64; MAX_LATENCY_RULES],
    pub(crate) clears_ms: [f64; MAX_LATENCY_RULES],
    pub(crate) selections: [Selection; MAX_LATENCY_RULES],
}

impl Default for LatencyCounters {
    fn default() -> Self {
        let (never, all) = ([f64::INFINITY; MAX_LATENCY_RULES], [Selection::ALL; MAX_LATENCY_RULES]);
        Self { limits_ms: never, clears_ms: never, selections: all }
    }
}
