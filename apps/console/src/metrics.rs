//! The console's own metrics, all of them.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

#[derive(Clone)]
pub(crate) struct Metrics {
    records: IntCounterVec,
    skipped: IntCounterVec,
    /// Pages that are kept up to date now.
    pub(crate) pages: IntGauge,
    /// Frames rendered.
    pub(crate) frames: IntCounter,
    /// Pages that were dropped because they did not keep up.
    pub(crate) dropped: IntCounter,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> anyhow::Result<Self> {
        let by_topic = |name, help| IntCounterVec::new(Opts::new(name, help), &["topic"]);
        let metrics = Self {
            records: by_topic("console_records_total", "Records read.")?,
            skipped: by_topic("console_records_skipped_total", "Records skipped because they can't be read.")?,
            pages: IntGauge::new("console_pages", "Pages that are kept up to date now.")?,
            frames: IntCounter::new("console_frames_total", "Frames rendered.")?,
            dropped: IntCounter::new("console_pages_dropped_total", "Pages dropped because they did not keep up.")?,
        };
        registry.register(Box::new(metrics.records.clone()))?;
        registry.register(Box::new(metrics.skipped.clone()))?;
        registry.register(Box::new(metrics.pages.clone()))?;
        registry.register(Box::new(metrics.frames.clone()))?;
        registry.register(Box::new(metrics.dropped.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn record(&self, topic: &str) {
        self.records.with_label_values(&[topic]).inc();
    }

    pub(crate) fn skipped(&self, topic: &str) {
        self.skipped.with_label_values(&[topic]).inc();
    }
}
