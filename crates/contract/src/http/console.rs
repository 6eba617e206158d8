//! `GET /api/status` of the console: the figures of its page.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::processor;

/// The path of [`Status`].
pub const STATUS: &str = "/api/status";

/// The state of all services.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The services, by name.
    pub services: BTreeMap<String, Service>,
    /// Sums over all partitions.
    pub totals: Totals,
}

/// The figures of a service. `None` is an unknown one: the error ratio without requests, quantiles without known
/// latencies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Requests per second.
    pub rate: f64,
    /// Share of requests that fail.
    pub error_ratio: Option<f64>,
    /// Median latency in milliseconds.
    pub p50_ms: Option<f64>,
    /// 95th percentile of the latency in milliseconds.
    pub p95_ms: Option<f64>,
    /// 99th percentile of the latency in milliseconds.
    pub p99_ms: Option<f64>,
    /// Names of the rules that fire.
    pub firing: BTreeSet<String>,
    /// The condition of the service.
    #[serde(default)]
    pub state: ServiceState,
    /// Why the state is unknown, if there are too few requests.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The condition of a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// No rule is violated.
    Ok,
    /// A rule is violated, but not for long enough yet.
    Pending,
    /// An alert is firing.
    Firing,
    /// There is too little data to evaluate; also any state added in a later version.
    #[default]
    #[serde(other)]
    Unknown,
}

impl ServiceState {
    /// Returns the state as JSON spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Unknown => "unknown",
        }
    }
}

/// The stream-processor's [`processor::Totals`]; `None` while it does not answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Records written to `metrics.raw`.
    pub produced: Option<u64>,
    /// Events that were counted in a window.
    pub processed: Option<u64>,
    /// Events that arrived after their window was evaluated.
    pub late: Option<u64>,
    /// Records that can't be processed.
    pub dead_lettered: Option<u64>,
    /// Offsets without a record to read.
    pub holes: Option<u64>,
    /// Records that retention deleted before they were read.
    pub gap: Option<u64>,
    /// Records that were written but not read yet.
    pub lag: Option<u64>,
}

impl From<processor::Totals> for Totals {
    fn from(totals: processor::Totals) -> Self {
        Self {
            produced: Some(totals.produced),
            processed: Some(totals.processed),
            late: Some(totals.late),
            dead_lettered: Some(totals.dead_lettered),
            holes: Some(totals.holes),
            gap: Some(totals.gap),
            lag: Some(totals.lag),
        }
    }
}
