//! The metrics of mock-slack.
use prometheus::{IntCounter, IntCounterVec, Registry};
use tidewatch_service::metrics::Family;

const NOTIFICATIONS: Family =
    Family::counter("mock_slack_notifications_total", &["status"], "Notifications received and stored.");
const REPEATED: Family = Family::counter("mock_slack_repeated_total", &[], "Notifications received again.");
const REJECTED: Family =
    Family::counter("mock_slack_rejected_total", &[], "Requests whose body is not a webhook, or is larger than 2 MiB.");
const NOT_KEPT: Family = Family::counter(
    "mock_slack_not_kept_total",
    &[],
    "Requests answered with 5xx because the disk rejected the write.",
);

/// Every metric of mock-slack, in addition to those that all services have.
pub(crate) const METRICS: &[Family] = &[NOTIFICATIONS, REPEATED, REJECTED, NOT_KEPT];

/// The registered metrics.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    /// By `status`: firing, resolved, message.
    pub(crate) notifications: IntCounterVec,
    pub(crate) repeated: IntCounter,
    pub(crate) rejected: IntCounter,
    pub(crate) not_kept: IntCounter,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            notifications: NOTIFICATIONS.register(registry)?,
            repeated: REPEATED.register(registry)?,
            rejected: REJECTED.register(registry)?,
            not_kept: NOT_KEPT.register(registry)?,
        };
        for status in ["firing", "resolved", "message"] {
            metrics.notifications.with_label_values(&[status]);
        }
        Ok(metrics)
    }
}
