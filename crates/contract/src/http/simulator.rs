//! The API of the workload-simulator and of the sample services: `GET /services`, and the faults below `/faults`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The path of [`Faults`]; the faults of one service are one segment below it.
pub const FAULTS: &str = "/faults";
/// The path of [`Services`].
pub const SERVICES: &str = "/services";

/// The simulation: the response to `GET /services`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Services {
    /// The simulated services.
    pub services: Vec<Service>,
}

/// One simulated service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Events that the broker has acknowledged.
    pub acknowledged: u64,
    /// Events whose delivery was given up.
    pub dropped: u64,
    /// Events per second while the service is healthy.
    #[serde(default)]
    pub events_per_second: f64,
    /// The kinds of faults that it can have.
    #[serde(default = "every_kind")]
    pub kinds: Vec<FaultKind>,
    /// Events handed to the producer since the simulator's start.
    pub produced: u64,
    /// The regions that it runs in.
    pub regions: Vec<String>,
    /// Its name.
    pub service: String,
}

fn every_kind() -> Vec<FaultKind> {
    FaultKind::ALL.to_vec()
}

/// The response to `GET /faults`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Faults {
    /// Faults in force, oldest first.
    pub active: Vec<Fault>,
    /// Healed faults, newest first; the number of entries is limited.
    pub history: Vec<Fault>,
}

impl Faults {
    /// Returns all faults, each once, in the order of injection.
    pub fn all(&self) -> Vec<&Fault> {
        let by_id: BTreeMap<_, _> =
            self.active.iter().chain(&self.history).map(|fault| (fault.id.as_str(), fault)).collect();
        let mut faults: Vec<&Fault> = by_id.into_values().collect();
        faults.sort_by_key(|fault| fault.injected_at);
        faults
    }
}

/// The response to `DELETE /faults` and below: the faults that it healed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Healed {
    /// The faults that were healed.
    pub healed: Vec<Fault>,
}

/// One injected fault; the response to `PUT /faults/SERVICE`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Identifier of the fault, also across restarts.
    #[serde(default)]
    pub id: String,
    /// The service that is affected.
    pub service: String,
    /// The only region that is affected; `None` means all of them.
    pub region: Option<String>,
    /// Its effect.
    pub kind: FaultKind,
    /// The size of the effect, see [`FaultKind`].
    #[serde(default)]
    pub value: f64,
    /// Requests due from this moment on are affected.
    pub injected_at: Timestamp,
    /// When it will end by itself.
    pub heals_at: Option<Timestamp>,
    /// Requests due from this moment on are no longer affected.
    pub healed_at: Option<Timestamp>,
}

/// The effect of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Latencies are multiplied by the value.
    Latency,
    /// The value is the share of requests that fail.
    ErrorRate,
    /// Nothing is sent; the value is 1.
    Silence,
    /// Event timestamps are shifted by the value, in seconds.
    Skew,
    /// The value is the share of events that are sent malformed.
    Malformed,
    /// A kind added in a later version.
    #[serde(other)]
    Unknown,
}

impl FaultKind {
    /// Every kind that can be injected.
    pub const ALL: [Self; 5] = [Self::Latency, Self::ErrorRate, Self::Silence, Self::Skew, Self::Malformed];

    /// Returns the kind as JSON and metric labels spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::ErrorRate => "error_rate",
            Self::Silence => "silence",
            Self::Skew => "skew",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
        }
    }
}

/// The body of `PUT /faults/SERVICE`: exactly one kind of fault, and how long it lasts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    error_rate: Option<f64>,
    /// After how many seconds the fault ends by itself; `None` means that it lasts until it is healed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silence: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skew_seconds: Option<f64>,
}

impl FaultRequest {
    /// Returns a request for a fault of this kind and size, see [`FaultKind`]. The size of a silence is ignored.
    pub fn new(kind: FaultKind, value: f64) -> Self {
        let mut request = Self::default();
        match kind {
            FaultKind::Latency => request.latency = Some(value),
            FaultKind::ErrorRate => request.error_rate = Some(value),
            FaultKind::Silence => request.silence = Some(true),
            FaultKind::Skew => request.skew_seconds = Some(value),
            FaultKind::Malformed => request.malformed = Some(value),
            FaultKind::Unknown => {}
        }
        request
    }

    /// Returns the same request for a fault that ends by itself after this many seconds.
    pub fn lasting(mut self, seconds: f64) -> Self {
        self.for_seconds = Some(seconds);
        self
    }

    /// Returns the kind and size of the fault, or `None` if there is not exactly one. `"silence": false` has size 0.
    pub fn fault(&self) -> Option<(FaultKind, f64)> {
        let silence = self.silence.map(|silent| if silent { 1.0 } else { 0.0 });
        let mut all = [
            (FaultKind::Latency, self.latency),
            (FaultKind::ErrorRate, self.error_rate),
            (FaultKind::Silence, silence),
            (FaultKind::Skew, self.skew_seconds),
            (FaultKind::Malformed, self.malformed),
        ]
        .into_iter()
        .filter_map(|(kind, value)| Some((kind, value?)));
        all.next().filter(|_| all.next().is_none())
    }
}

/// The reason why a request was rejected: the body of a response with a 4xx status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// One sentence.
    pub error: String,
}
