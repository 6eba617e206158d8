//! The metrics of the user-service.

use prometheus::{IntCounterVec, Registry};
use tidewatch_kafka::metrics::REACHABLE;
use tidewatch_sample::metrics::{ACKNOWLEDGED, DROPPED, FAULTS};
use tidewatch_service::metrics::Family;
use tidewatch_service::{ACTIVE_REQUESTS, REQUEST_DURATION};

const LOOKUPS: Family =
    Family::counter("db_user_lookups_total", &["found"], "Users that were looked up, by whether the table has them.");

/// Every metric of the user-service, in addition to those that all services have.
pub(crate) const METRICS: &[Family] =
    &[LOOKUPS, REQUEST_DURATION, ACTIVE_REQUESTS, ACKNOWLEDGED, DROPPED, FAULTS, REACHABLE];

/// The registered metrics.
#[derive(Clone)]
pub(crate) struct Metrics {
    lookups: IntCounterVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self { lookups: LOOKUPS.register(registry)? };
        for found in [true, false] {
            metrics.lookups.with_label_values(&[found.to_string()]);
        }
        Ok(metrics)
    }

    pub(crate) fn looked_up(&self, found: bool) {
        self.lookups.with_label_values(&[if found { "true" } else { "false" }]).inc();
    }
}
