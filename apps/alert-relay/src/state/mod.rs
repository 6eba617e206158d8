//! Decides which alert is told to which receiver when. Pure: no I/O, and time is passed in.

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

/// How often a firing alert is sent to Alertmanager again: it forgets what it holds when it restarts.
pub(crate) const RESEND: Duration = Duration::from_secs(30);
/// How long a resolved alert is sent again.
pub(crate) const RESOLVED_RETENTION: Duration = Duration::from_secs(15 * 60);
/// How old an alert that is over already may be and still be told.
pub(crate) const STALE_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// How far apart two transitions of one alert reach Alertmanager. It notifies of what holds at its group interval (5 s
/// on the fast path): of a firing and its resolved that come together it would tell nobody.
pub(crate) const SPACING: Duration = Duration::from_secs(10);

/// The moment of a call: `wall` for what is said about time, `elapsed` (since any fixed moment, never set back) for
/// what is scheduled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) wall: Timestamp,
    pub(crate) elapsed: Duration,
}

/// What kind of receiver: it decides what is sent, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Wants to be told again and again what holds.
    Alertmanager,
    /// Wants each transition once.
    Webhook,
}

/// One transition as it was read from `alerts.fired`.
#[derive(Clone, Debug)]
pub(crate) struct Transition {
    pub(crate) event: Arc<AlertEvent>,
    /// Partition of `alerts.fired`.
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}
