//! The metrics of alert-relay.
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Every metric that alert-relay has. `receiver` is host and port.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    /// Records read from `alerts.fired`, by `outcome`: taken, repeated, older_generation, invalid.
    pub(crate) records: IntCounterVec,
    /// Transitions that a `receiver` has accepted, by `state`.
    pub(crate) notifications: IntCounterVec,
    /// Transitions not told because they were over and too old.
    pub(crate) stale: IntCounter,
    /// Requests to each `receiver`, by `outcome`: accepted, refused, timeout, unreachable.
    pub(crate) requests: IntCounterVec,
    /// Seconds from the processor's word to the first receiver's acceptance.
    pub(crate) delay: Histogram,
    /// Alerts that are firing.
    pub(crate) firing: IntGauge,
    /// Transitions that a receiver has not accepted yet.
    pub(crate) pending: IntGauge,
    /// Commits that the broker did not take.
    pub(crate) commit_failures: IntCounter,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let by = |name: &str, help: &str, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let delay = HistogramOpts::new(
            "alert_relay_delay_seconds",
            "Time from the processor's word to a receiver's acceptance, in seconds.",
        );
        let metrics = Self {
            records: by("alert_relay_records_total", "Records read from alerts.fired.", &["outcome"])?,
            notifications: by(
                "alert_relay_notifications_total",
                "Transitions that a receiver has accepted.",
                &["receiver", "state"],
            )?,
            stale: IntCounter::new(
                "alert_relay_stale_total",
                "Transitions that were over for more than 15 minutes, and so were not told.",
            )?,
            requests: by("alert_relay_requests_total", "Requests to receivers.", &["receiver", "outcome"])?,
            delay: Histogram::with_opts(
                delay.buckets(vec![0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0]),
            )?,
            firing: IntGauge::new("alert_relay_firing_alerts", "Alerts that are firing.")?,
            pending: IntGauge::new(
                "alert_relay_pending_transitions",
                "Transitions that some receiver has not accepted yet.",
            )?,
            commit_failures: IntCounter::new("alert_relay_commit_failures_total", "Commits that Kafka did not take.")?,
        };
        for counters in [&metrics.records, &metrics.notifications, &metrics.requests] {
            registry.register(Box::new(counters.clone()))?;
        }
        for counter in [&metrics.stale, &metrics.commit_failures] {
            registry.register(Box::new(counter.clone()))?;
        }
        for gauge in [&metrics.firing, &metrics.pending] {
            registry.register(Box::new(gauge.clone()))?;
        }
        registry.register(Box::new(metrics.delay.clone()))?;
        for outcome in ["taken", "repeated", "older_generation", "invalid"] {
            metrics.records.with_label_values(&[outcome]);
        }
        Ok(metrics)
    }
}
