//! The metrics of the console.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Registry};
use tidewatch_kafka::metrics::REACHABLE;
use tidewatch_kafka::topics::{ALERTS_FIRED, LOGS_RAW, METRICS_RAW, METRICS_RAW_DLQ};
use tidewatch_service::metrics::Family;

const RECORDS: Family = Family::counter("console_records_total", &["topic"], "Records read.");
const SKIPPED: Family =
    Family::counter("console_records_skipped_total", &["topic"], "Records skipped because they can't be read.");
const PAGES: Family = Family::gauge("console_pages", &[], "Open pages that receive live updates.");
const FRAMES: Family = Family::counter("console_frames_total", &[], "Frames rendered.");
const DROPPED: Family =
    Family::counter("console_pages_dropped_total", &[], "Pages dropped because they did not keep up.");

/// Every metric of the console, in addition to those that all services have.
pub(crate) const METRICS: &[Family] = &[RECORDS, SKIPPED, PAGES, FRAMES, DROPPED, REACHABLE];

#[derive(Clone)]
pub(crate) struct Metrics {
    records: IntCounterVec,
    skipped: IntCounterVec,
    /// Number of pages that are kept up to date now.
    pub(crate) pages: IntGauge,
    /// Number of frames rendered.
    pub(crate) frames: IntCounter,
    /// Number of pages dropped because they did not keep up.
    pub(crate) dropped: IntCounter,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> anyhow::Result<Self> {
        let metrics = Self {
            records: RECORDS.register(registry)?,
            skipped: SKIPPED.register(registry)?,
            pages: PAGES.register(registry)?,
            frames: FRAMES.register(registry)?,
            dropped: DROPPED.register(registry)?,
        };
        // Create all series at startup: a rate needs the zero before the first count.
        for topic in [METRICS_RAW, LOGS_RAW, ALERTS_FIRED, METRICS_RAW_DLQ] {
            metrics.records.with_label_values(&[topic.name]);
            metrics.skipped.with_label_values(&[topic.name]);
        }
        Ok(metrics)
    }

    pub(crate) fn record(&self, topic: &str) {
        self.records.with_label_values(&[topic]).inc();
    }

    pub(crate) fn skipped(&self, topic: &str) {
        self.skipped.with_label_values(&[topic]).inc();
    }
}
