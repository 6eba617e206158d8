//! Sample alerts and times for the tests of this module.
use super::{Now, Transition};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tidewatch_contract::{AlertEvent, AlertState};
use tidewatch_testkit::alert;

/// Returns the time this many seconds after a fixed start.
fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

pub(crate) fn at(seconds: u64) -> Now {
    Now { wall: moment(seconds.try_into().unwrap()), elapsed: Duration::from_secs(seconds) }
}

pub(crate) fn firing(service: &str, second: i64) -> AlertEvent {
    transition(service, AlertState::Firing, second, second)
}

pub(crate) fn resolved(service: &str, started: i64, second: i64) -> AlertEvent {
    transition(service, AlertState::Resolved, started, second)
}

fn transition(service: &str, state: AlertState, started: i64, second: i64) -> AlertEvent {
    let fingerprint = format!("HighErrorRate:service={service}");
    AlertEvent {
        id: AlertEvent::id_of(&fingerprint, state, moment(second)),
        fingerprint,
        group: BTreeMap::from([("service".into(), service.into())]),
        started_at: moment(started),
        ..alert(service, "everywhere", state, moment(second))
    }
}

pub(crate) fn read(event: AlertEvent, offset: i64) -> Transition {
    Transition { event: Arc::new(event), partition: 0, offset }
}
