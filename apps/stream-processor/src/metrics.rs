//! Every metric of the stream-processor, declared once.

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, core::Collector,
};

/// The stream-processor's metrics.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub(crate) events: IntCounterVec,
    pub(crate) dead_letters: IntCounterVec,
    pub(crate) alerts: IntCounterVec,
    pub(crate) suppressed: IntCounter,
    pub(crate) windows: IntCounter,
    pub(crate) overflowed: IntCounter,
    pub(crate) groups: IntGauge,
    pub(crate) gap_records: IntCounter,
    pub(crate) checkpoints: IntCounterVec,
    pub(crate) checkpoint_seconds: Histogram,
    pub(crate) lag: IntGaugeVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        Ok(Self {
            events: kept(
                registry,
                IntCounterVec::new(
                    Opts::new("stream_processor_events_total", "Records of metrics.raw, by what became of them"),
                    &["outcome"],
                )?,
            )?,
            dead_letters: kept(
                registry,
                IntCounterVec::new(
                    Opts::new("stream_processor_dead_letters_total", "Records that could not be judged, by reason"),
                    &["reason"],
                )?,
            )?,
            alerts: kept(
                registry,
                IntCounterVec::new(
                    Opts::new("stream_processor_alerts_total", "Transitions of alerts, by rule and new state"),
                    &["rule", "state"],
                )?,
            )?,
            suppressed: kept(
                registry,
                IntCounter::new(
                    "stream_processor_alerts_repeated_total",
                    "Transitions that an earlier run had already written, and so were not written again",
                )?,
            )?,
            windows: kept(
                registry,
                IntCounter::new("stream_processor_windows_judged_total", "Windows judged, over all groups")?,
            )?,
            overflowed: kept(
                registry,
                IntCounter::new(
                    "stream_processor_overflow_events_total",
                    "Events of groups beyond --max-groups, judged together without traffic rules",
                )?,
            )?,
            groups: kept(registry, IntGauge::new("stream_processor_groups", "Live groups")?)?,
            gap_records: kept(
                registry,
                IntCounter::new(
                    "stream_processor_gap_records_total",
                    "Records that retention deleted before they were read",
                )?,
            )?,
            checkpoints: kept(
                registry,
                IntCounterVec::new(
                    Opts::new("stream_processor_checkpoints_total", "Checkpoints of a partition, by result"),
                    &["result"],
                )?,
            )?,
            checkpoint_seconds: kept(
                registry,
                Histogram::with_opts(HistogramOpts::new(
                    "stream_processor_checkpoint_duration_seconds",
                    "How long a checkpoint of all partitions takes",
                ))?,
            )?,
            lag: kept(
                registry,
                IntGaugeVec::new(
                    Opts::new("kafka_consumer_lag_records", "Records that the group has still to read"),
                    &["topic", "partition"],
                )?,
            )?,
        })
    }
}

fn kept<C: Collector + Clone + 'static>(registry: &Registry, metric: C) -> prometheus::Result<C> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
