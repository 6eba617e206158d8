//! Metrics of every Kafka client: whether the broker is reachable, and the lag of a consumer.

use std::sync::Arc;
use std::time::Duration;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGauge, IntGaugeVec, Registry};
use tidewatch_service::metrics::{Family, Metric};

use crate::Topic;
use crate::pulse::Pulse;

/// Whether the broker is reachable. 0 at the start, until it has answered.
pub const REACHABLE: Family =
    Family::gauge("kafka_reachable", &[], "1 if the broker answered within the last 10 s, otherwise 0.");
/// The lag of a consumer.
pub const CONSUMER_LAG: Family = Family::gauge(
    "kafka_consumer_lag_records",
    &["topic", "partition"],
    "Records of a partition that the consumer has not read yet.",
);

const WITHIN: Duration = Duration::from_secs(10);

/// [`REACHABLE`], evaluated at each scrape.
struct Reachable {
    pulse: Arc<Pulse>,
    gauge: IntGauge,
}

impl Collector for Reachable {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.gauge.set(self.pulse.within(WITHIN).into());
        self.gauge.collect()
    }
}

pub(crate) fn export_reachable(pulse: &Arc<Pulse>, registry: &Registry) -> prometheus::Result<()> {
    let gauge = IntGauge::make(&REACHABLE)?;
    registry.register(Box::new(Reachable { pulse: Arc::clone(pulse), gauge }))
}

/// [`CONSUMER_LAG`] of one topic's partitions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConsumerLag {
    topic: &'static str,
    gauges: IntGaugeVec,
}

impl ConsumerLag {
    /// Registers the metric. No partition is exported yet.
    pub fn register(registry: &Registry, topic: &Topic) -> prometheus::Result<Self> {
        Ok(Self { topic: topic.name, gauges: CONSUMER_LAG.register(registry)? })
    }

    /// Sets the lag of a partition whose next offset to read is `position` and which holds offsets from `low` up to,
    /// but not including, `high`.
    pub fn set(&self, partition: i32, position: i64, (low, high): (i64, i64)) {
        let lag = high - position.max(low);
        self.gauges.with_label_values(&[self.topic, &partition.to_string()]).set(lag.max(0));
    }

    /// Removes a partition that the consumer no longer reads: a stale gauge would show the lag of another member's
    /// partition.
    pub fn forget(&self, partition: i32) {
        // It may never have been exported.
        let _ = self.gauges.remove_label_values(&[self.topic, &partition.to_string()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::METRICS_RAW;

    fn exposed(registry: &Registry) -> Vec<(String, f64)> {
        let families = registry.gather();
        let series = families.iter().flat_map(|family| family.get_metric());
        series
            .map(|series| {
                let labels: Vec<_> = series.get_label().iter().map(|label| label.value().to_owned()).collect();
                (labels.join(" "), series.get_gauge().get_value())
            })
            .collect()
    }

    #[test]
    fn a_broker_is_reachable_once_it_has_answered() {
        let (registry, pulse) = (Registry::new(), Pulse::new());
        export_reachable(&pulse, &registry).unwrap();
        assert_eq!(exposed(&registry)[0].1, 0.0);
        pulse.beat();
        assert_eq!(exposed(&registry)[0].1, 1.0);
    }

    #[test]
    fn lag_counts_unread_records() {
        let registry = Registry::new();
        let lag = ConsumerLag::register(&registry, &METRICS_RAW).unwrap();
        lag.set(0, 10, (0, 25));
        lag.set(1, 10, (20, 25));
        lag.set(2, 10, (0, 9));
        let of = |partition: &str, records| (format!("{partition} metrics.raw"), records);
        assert_eq!(exposed(&registry), [of("0", 15.0), of("1", 5.0), of("2", 0.0)]);
        lag.forget(0);
        lag.forget(7);
        assert_eq!(exposed(&registry), [of("1", 5.0), of("2", 0.0)]);
    }
}
