//! The metrics of mock-slack.
use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

/// Every metric that mock-slack has.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    /// Notifications kept, by `status`.
    pub(crate) notifications: IntCounterVec,
    /// Notifications that were known already.
    pub(crate) repeated: IntCounter,
    /// Requests whose body is no webhook.
    pub(crate) rejected: IntCounter,
    /// Requests refused because their notifications could not be written to disk.
    pub(crate) not_kept: IntCounter,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str| IntCounter::new(name, help);
        let metrics = Self {
            notifications: IntCounterVec::new(
                Opts::new("mock_slack_notifications_total", "Notifications received and kept."),
                &["status"],
            )?,
            repeated: counter("mock_slack_repeated_total", "Notifications received that were known already.")?,
            rejected: counter("mock_slack_rejected_total", "Requests whose body is not a webhook.")?,
            not_kept: counter("mock_slack_not_kept_total", "Requests answered 5xx because the disk refused them.")?,
        };
        registry.register(Box::new(metrics.notifications.clone()))?;
        for counter in [&metrics.repeated, &metrics.rejected, &metrics.not_kept] {
            registry.register(Box::new(counter.clone()))?;
        }
        for status in ["firing", "resolved", "message"] {
            metrics.notifications.with_label_values(&[status]);
        }
        Ok(metrics)
    }
}
