//! The promise for each kind of fault: within how many seconds people are notified of it, and of its resolution.

use tidewatch_catalogue::provoked_by;
use tidewatch_contract::http::simulator::{FaultKind, FaultRequest};

/// A fault and the notification that must follow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promise {
    /// Name for people.
    pub(crate) name: &'static str,
    /// The kind of fault.
    pub(crate) fault: FaultKind,
    /// Its size, see [`FaultKind`].
    size: f64,
    /// Seconds from injection to notification, excluding Alertmanager.
    pub(crate) within: f64,
}

/// One promise per kind of fault that has an alert on the fast path with a promised time.
pub(crate) const PROMISES: [Promise; 3] = [
    Promise { name: "latency x10", fault: FaultKind::Latency, size: 10.0, within: 30.0 },
    Promise { name: "errors 30 %", fault: FaultKind::ErrorRate, size: 0.3, within: 30.0 },
    Promise { name: "silence", fault: FaultKind::Silence, size: 1.0, within: 60.0 },
];

impl Promise {
    /// Returns the request that makes the simulator inject the fault.
    pub(crate) fn request(&self) -> FaultRequest {
        FaultRequest::new(self.fault, self.size)
    }

    /// Returns the name of its alert on the fast path.
    pub(crate) fn rule(&self) -> &'static str {
        provoked_by(self.fault).expect("a test of the catalogue says that these faults provoke an alert").name
    }
}

/// Seconds from healing to the last resolved notification, excluding Alertmanager.
pub(crate) const RESOLVED_WITHIN: f64 = 90.0;

/// Returns the names of the alerts of all promises.
pub(crate) fn rules() -> [&'static str; PROMISES.len()] {
    PROMISES.map(|promise| promise.rule())
}
