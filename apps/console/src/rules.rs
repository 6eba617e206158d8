//! What the console knows of the rules by name: how to call them, their unit, and which fault they are there for.

use tidewatch_contract::http::simulator::FaultKind;

/// What a fault does, and what a rule looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Requests take long.
    Latency,
    /// Requests fail.
    Errors,
    /// Requests stay away.
    Traffic,
    /// Event times are wrong.
    Clock,
    /// Records can't be read.
    Malformed,
    /// Something this console doesn't know.
    Other,
}

impl Family {
    /// The family of a simulator's fault kind.
    pub fn of_fault(kind: FaultKind) -> Self {
        match kind {
            FaultKind::Latency => Self::Latency,
            FaultKind::ErrorRate => Self::Errors,
            FaultKind::Silence => Self::Traffic,
            FaultKind::Skew => Self::Clock,
            FaultKind::Malformed => Self::Malformed,
            FaultKind::Unknown => Self::Other,
        }
    }

    /// The family of a rule.
    pub fn of_rule(rule: &str) -> Self {
        RULES.iter().find(|known| known.name == rule).map_or(Self::Other, |known| known.family)
    }

    /// The signal that shows it, with its unit.
    pub fn signal(self) -> &'static str {
        match self {
            Self::Latency => "P99",
            Self::Errors => "errors",
            Self::Traffic | Self::Other => "rate",
            Self::Clock => "off clock",
            Self::Malformed => "dead letters",
        }
    }
}

/// How a rule's value and threshold are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// A share, 0 to 1, shown in percent.
    Share,
    /// Requests in the window of 60 s.
    PerMinute,
    /// A plain number.
    Number,
}

/// A rule that the console knows.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// A short name with the unit, for a narrow column.
    pub short: &'static str,
    /// What it looks for.
    pub family: Family,
    /// Its unit.
    pub unit: Unit,
    /// What it means, for a person who sees it for the first time.
    pub meaning: &'static str,
}

/// In the order in which they are shown.
pub const RULES: &[Rule] = &[
    Rule {
        name: "HighLatencyP99",
        short: "P99, ms",
        family: Family::Latency,
        unit: Unit::Milliseconds,
        meaning: "99 of 100 requests should be faster than the limit; judged over 60 s, every 5 s.",
    },
    Rule {
        name: "HighErrorRate",
        short: "Errors, %",
        family: Family::Errors,
        unit: Unit::Share,
        meaning: "Share of requests that failed; judged over 60 s, every 5 s.",
    },
    Rule {
        name: "TrafficDrop",
        short: "Traffic, /min",
        family: Family::Traffic,
        unit: Unit::PerMinute,
        meaning: "Requests in 60 s, held against what was usual over the last 10 minutes.",
    },
    Rule {
        name: "ClockSkew",
        short: "Clock, %",
        family: Family::Clock,
        unit: Unit::Share,
        meaning: "Share of events whose own time is far from the moment they arrived.",
    },
    Rule {
        name: "DeadLettersGrowing",
        short: "Dead letters",
        family: Family::Malformed,
        unit: Unit::Number,
        meaning: "Records that can't be read keep coming; Prometheus watches this one.",
    },
];

/// A rule by its name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|known| known.name == name)
}

/// Where a rule is shown: the known ones first.
pub fn rank(name: &str) -> usize {
    RULES.iter().position(|known| known.name == name).unwrap_or(RULES.len())
}
