//! The admin listener that every service has.

use serde::{Deserialize, Serialize};

/// The path that answers 200 while the process runs.
pub const LIVE: &str = "/livez";
/// The path of the service's metrics.
pub const METRICS: &str = "/metrics";
/// The path of [`Readiness`]: 200 if the service is ready, otherwise 503.
pub const READY: &str = "/readyz";

/// Whether a service can do its work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether every condition is met.
    pub ready: bool,
    /// The conditions that are not met.
    #[serde(default)]
    pub reasons: Vec<Unmet>,
}

/// A condition that is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmet {
    /// Its name.
    pub condition: String,
    /// Why it is not met.
    pub reason: String,
}
