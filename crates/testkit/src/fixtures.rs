//! Ordinary records: a test sets the fields that it is about, and takes the others from here.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tidewatch_contract::{AlertEvent, AlertState, RequestEvent, ResolveReason, Severity, fingerprint};
use tidewatch_kafka::Record;
use tidewatch_kafka::topics::Topic;

/// The rule of [`alert`].
const RULE: &str = "HighErrorRate";

/// Returns a successful request that took 50 ms and has just ended.
pub fn request(service: &str, region: &str) -> RequestEvent {
    RequestEvent {
        timestamp: Timestamp::now(),
        service: service.to_owned(),
        region: region.to_owned(),
        endpoint: "/users/{id}".to_owned(),
        status_code: 200,
        request_id: "r-1".to_owned(),
        latency_ms: Some(50.0),
        method: None,
        error: None,
        trace_id: None,
        span_id: None,
    }
}

/// Returns the transition of HighErrorRate to this state at this time, for an alert that also started then.
pub fn alert(service: &str, region: &str, state: AlertState, at: Timestamp) -> AlertEvent {
    let labels = [("region", region), ("service", service)];
    let group = BTreeMap::from(labels.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let fingerprint = fingerprint(RULE, &group);
    AlertEvent {
        id: AlertEvent::id_of(&fingerprint, state, at),
        fingerprint,
        rule: RULE.to_owned(),
        state,
        reason: (state == AlertState::Resolved).then_some(ResolveReason::Clean),
        severity: Severity::Critical,
        group,
        value: 0.31,
        threshold: 0.05,
        window_start: at - SignedDuration::from_secs(60),
        window_end: at,
        started_at: at,
        fired_at: at,
        partition: 0,
        generation: 1,
        summary: format!("31 % of {service}'s requests fail"),
        runbook_url: format!("https://example.org/runbooks/{RULE}.md"),
    }
}

/// Returns the first record of a topic, which the broker timed: without key, payload and headers.
pub fn record(topic: &Topic) -> Record {
    Record {
        topic: topic.name.to_owned(),
        partition: 0,
        offset: 0,
        key: None,
        payload: Vec::new(),
        tombstone: false,
        timestamp_ms: None,
        timed_by_broker: true,
        headers: Vec::new(),
    }
}
