//! Sample alerts and times for the tests of this module.
use super::{Now, Transition};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tidewatch_contract::{AlertEvent, AlertState, ResolveReason, Severity};

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
    AlertEvent { reason: Some(ResolveReason::Clean), ..transition(service, AlertState::Resolved, started, second) }
}

fn transition(service: &str, state: AlertState, started: i64, second: i64) -> AlertEvent {
    let fingerprint = format!("HighErrorRate:service={service}");
    AlertEvent {
        id: AlertEvent::id_of(&fingerprint, state, moment(second)),
        fingerprint,
        rule: "HighErrorRate".into(),
        state,
        reason: None,
        severity: Severity::Critical,
        group: BTreeMap::from([("service".into(), service.into())]),
        value: 0.31,
        threshold: 0.05,
        window_start: moment(second - 60),
        window_end: moment(second),
        started_at: moment(started),
        fired_at: moment(second),
        partition: 0,
        generation: 1,
        summary: format!("31 % of {service}'s requests fail"),
        runbook_url: "https://example.org/runbooks/HighErrorRate.md".into(),
    }
}

pub(crate) fn read(event: AlertEvent, offset: i64) -> Transition {
    Transition { event: Arc::new(event), partition: 0, offset }
}
