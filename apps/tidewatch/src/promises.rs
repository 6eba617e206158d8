//! What is promised of each kind of fault: which rule notices it, and within how many seconds somebody is told.

use serde_json::{Value, json};

/// A fault, and what has to come of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promise {
    /// For people.
    pub(crate) name: &'static str,
    /// The fast-path rule that fires.
    pub(crate) rule: &'static str,
    /// Seconds from injection to notification, Alertmanager not counted.
    pub(crate) within: f64,
    /// The body of the simulator's PUT /faults/SERVICE.
    pub(crate) body: fn() -> Value,
}

/// One of each kind that has an alert of the fast path with a promised time.
pub(crate) const PROMISES: [Promise; 3] = [
    Promise { name: "latency x10", rule: "HighLatencyP99", within: 30.0, body: || json!({ "latency": 10.0 }) },
    Promise { name: "errors 30 %", rule: "HighErrorRate", within: 30.0, body: || json!({ "error_rate": 0.3 }) },
    Promise { name: "silence", rule: "TrafficDrop", within: 60.0, body: || json!({ "silence": true }) },
];

/// Seconds from healing to the last resolved notification, Alertmanager not counted.
pub(crate) const RESOLVED_WITHIN: f64 = 90.0;

/// Names of their rules.
pub(crate) fn rules() -> [&'static str; PROMISES.len()] {
    PROMISES.map(|promise| promise.rule)
}
