//! The metrics of alert-relay.
use crate::state::Label;
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};
use std::collections::BTreeMap;
use tidewatch_kafka::{
    metrics::{CONSUMER_LAG, ConsumerLag, REACHABLE},
    topics::ALERTS_FIRED,
};
use tidewatch_service::metrics::Family;

const RECORDS: Family = Family::counter("alert_relay_records_total", &["outcome"], "Records read from alerts.fired.");
const NOTIFICATIONS: Family = Family::counter(
    "alert_relay_notifications_total",
    &["receiver", "state"],
    "Transitions that a receiver has accepted.",
);
const STALE: Family = Family::counter(
    "alert_relay_stale_total",
    &[],
    "Transitions that were not sent because their alert had been resolved for more than 15 minutes.",
);
const REQUESTS: Family =
    Family::counter("alert_relay_requests_total", &["receiver", "outcome"], "Requests to receivers.");
const DELAY: Family = Family::histogram(
    "alert_relay_delay_seconds",
    &[],
    &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0],
    "Time from a transition in the processor to its acceptance by a receiver, in seconds.",
);
const FIRING: Family = Family::gauge(
    "alert_relay_firing_alerts",
    &["alertname", "service", "severity"],
    "Firing alerts of the fast path: number of groups of the service. Exists once one has fired.",
);
const PENDING: Family = Family::gauge(
    "alert_relay_pending_transitions",
    &[],
    "Transitions that at least one receiver has not accepted yet.",
);
const COMMIT_FAILURES: Family =
    Family::counter("alert_relay_commit_failures_total", &[], "Commits that Kafka did not accept.");

/// All metrics of alert-relay, besides those that every service has.
pub(crate) const METRICS: &[Family] =
    &[RECORDS, NOTIFICATIONS, STALE, REQUESTS, DELAY, FIRING, PENDING, COMMIT_FAILURES, CONSUMER_LAG, REACHABLE];

/// The registered metrics. The label `receiver` is host and port.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    /// By `outcome`: taken, repeated, older_generation, over, invalid.
    pub(crate) records: IntCounterVec,
    /// By `receiver` and `state`: firing, resolved.
    pub(crate) notifications: IntCounterVec,
    pub(crate) stale: IntCounter,
    /// By `receiver` and `outcome`: accepted, refused, timeout, unreachable.
    pub(crate) requests: IntCounterVec,
    pub(crate) delay: Histogram,
    firing: IntGaugeVec,
    pub(crate) pending: IntGauge,
    pub(crate) commit_failures: IntCounter,
    pub(crate) lag: ConsumerLag,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            records: RECORDS.register(registry)?,
            notifications: NOTIFICATIONS.register(registry)?,
            stale: STALE.register(registry)?,
            requests: REQUESTS.register(registry)?,
            delay: DELAY.register(registry)?,
            firing: FIRING.register(registry)?,
            pending: PENDING.register(registry)?,
            commit_failures: COMMIT_FAILURES.register(registry)?,
            lag: ConsumerLag::register(registry, &ALERTS_FIRED)?,
        };
        for outcome in ["taken", "repeated", "older_generation", "over", "invalid"] {
            metrics.records.with_label_values(&[outcome]);
        }
        Ok(metrics)
    }

    /// Shows how many alerts are firing, per known label set. Zeros are kept, so that the end of an alert is visible.
    pub(crate) fn show_firing(&self, firing: BTreeMap<&Label, usize>) {
        for (Label { alertname, service, severity }, count) in firing {
            let gauge = self.firing.with_label_values(&[alertname.as_str(), service, severity]);
            gauge.set(count.try_into().unwrap_or(i64::MAX));
        }
    }

    /// Creates a receiver's series before its first request: a rate needs a zero before the first count.
    pub(crate) fn expect(&self, receiver: &str) {
        for outcome in ["accepted", "refused", "timeout", "unreachable"] {
            self.requests.with_label_values(&[receiver, outcome]);
        }
        for state in ["firing", "resolved"] {
            self.notifications.with_label_values(&[receiver, state]);
        }
    }
}
