//! Units of panels, by Grafana's names.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Count of things.
    Count,
    /// Share from 0 to 1, shown as a percentage.
    Share,
    /// Seconds.
    Seconds,
    /// Bytes, in powers of 1024.
    Bytes,
    /// Bytes per second, in powers of 1024.
    BytesPerSecond,
    /// Processor cores.
    Cores,
    /// Requests per second.
    Requests,
    /// Kafka records per second.
    Records,
    /// Events per second.
    Events,
    /// The speed of spending the budget; 1 spends it exactly over its window.
    BurnRate,
}

impl Unit {
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Count => "short",
            Self::Share => "percentunit",
            Self::Seconds => "s",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "binBps",
            Self::Cores => "suffix: cores",
            Self::Requests => "reqps",
            Self::Records => "recps",
            Self::Events => "eps",
            Self::BurnRate => "suffix:×",
        }
    }
}
