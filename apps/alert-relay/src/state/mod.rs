//! Decides which alert is sent to which receiver, and when. Pure: no I/O, and time is passed in.

mod backoff;
mod lane;
mod ledger;
mod machine;
mod positions;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod scenarios;

use jiff::{SignedDuration, Timestamp};
use std::{sync::Arc, time::Duration};
use tidewatch_contract::AlertEvent;

pub(crate) use ledger::{Label, Verdict};
pub(crate) use machine::{Delivery, Machine};

/// How often a firing alert is sent to Alertmanager again, which loses its alerts when it restarts.
pub(crate) const RESEND: Duration = Duration::from_secs(30);
/// How long a resolved alert is sent again.
pub(crate) const RESOLVED_RETENTION: Duration = Duration::from_secs(15 * 60);
/// How long ago an alert may have ended and still be sent.
pub(crate) const STALE_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// Minimum time between two transitions of one alert that are sent to Alertmanager. Alertmanager reports the current
/// state at each group interval (5 s on the fast path), so if an alert fired and resolved within one, nobody would be
/// notified.
pub(crate) const SPACING: Duration = Duration::from_secs(10);

/// The time of a call: `wall` for timestamps, `elapsed` (since any fixed moment, monotonic) for scheduling.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) wall: Timestamp,
    pub(crate) elapsed: Duration,
}

/// The kind of a receiver, which determines what is sent and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Needs the current state repeated.
    Alertmanager,
    /// Gets each transition once.
    Webhook,
}

/// One transition as read from `alerts.fired`.
#[derive(Clone, Debug)]
pub(crate) struct Transition {
    pub(crate) event: Arc<AlertEvent>,
    /// The partition of `alerts.fired`.
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}
