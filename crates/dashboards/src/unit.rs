//! Units of what panels show, by Grafana's names for them.

/// A unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A number of things.
    Count,
    /// 0 to 1, shown as a percentage.
    Share,
    /// Seconds.
    Seconds,
    /// Bytes, by powers of 1024.
    Bytes,
    /// Processor cores.
    Cores,
    /// Requests a second.
    Requests,
    /// Kafka records a second.
    Records,
    /// What happens a second.
    Events,
    /// How many times as fast as would use up the budget exactly.
    BurnRate,
}

impl Unit {
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Count => "short",
            Self::Share => "percentunit",
            Self::Seconds => "s",
            Self::Bytes => "bytes",
            Self::Cores => "suffix: cores",
            Self::Requests => "reqps",
            Self::Records => "recps",
            Self::Events => "eps",
            Self::BurnRate => "suffix:×",
        }
    }
}
