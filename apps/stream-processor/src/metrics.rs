//! The metrics of the stream-processor.

use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, Registry};
use tidewatch_contract::Rejection;
use tidewatch_detect::{Disposition, Rules};
use tidewatch_kafka::metrics::{CONSUMER_LAG, ConsumerLag, REACHABLE};
use tidewatch_kafka::topics::METRICS_RAW;
use tidewatch_service::metrics::Family;

const EVENTS: Family =
    Family::counter("stream_processor_events_total", &["outcome"], "Records of metrics.raw, by outcome.");
const DEAD_LETTERS: Family =
    Family::counter("stream_processor_dead_letters_total", &["reason"], "Records that could not be evaluated.");
const ALERTS: Family =
    Family::counter("stream_processor_alerts_total", &["rule", "state"], "Transitions of alerts, by their new state.");
const REPEATED: Family = Family::counter(
    "stream_processor_alerts_repeated_total",
    &[],
    "Transitions that were not written because an earlier run had written them.",
);
const WINDOWS: Family =
    Family::counter("stream_processor_windows_judged_total", &[], "Windows evaluated, over all groups.");
const OVERFLOWED: Family = Family::counter(
    "stream_processor_overflow_events_total",
    &[],
    "Events of groups beyond --max-groups, evaluated together without traffic rules.",
);
const GROUPS: Family = Family::gauge("stream_processor_groups", &[], "Live groups.");
const GAP: Family =
    Family::counter("stream_processor_gap_records_total", &[], "Records that retention deleted before they were read.");
const HOLES: Family = Family::counter(
    "stream_processor_hole_offsets_total",
    &[],
    "Offsets of metrics.raw without a record to read: ends of transactions, aborted ones, compaction.",
);
const CHECKPOINTS: Family =
    Family::counter("stream_processor_checkpoints_total", &["result"], "Checkpoints of the owned partitions.");
const CHECKPOINT_SECONDS: Family = Family::histogram(
    "stream_processor_checkpoint_duration_seconds",
    &[],
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0],
    "How long a checkpoint of all partitions takes, in seconds.",
);

/// All metrics of the stream-processor, in addition to those of every service.
pub(crate) const METRICS: &[Family] = &[
    EVENTS,
    DEAD_LETTERS,
    ALERTS,
    REPEATED,
    WINDOWS,
    OVERFLOWED,
    GROUPS,
    GAP,
    HOLES,
    CHECKPOINTS,
    CHECKPOINT_SECONDS,
    CONSUMER_LAG,
    REACHABLE,
];

/// The counters of [`EVENTS`]. Each record increments one of them, so they are looked up only once.
#[derive(Clone)]
pub(crate) struct Outcomes {
    windowed: IntCounter,
    late: IntCounter,
    dead_lettered: IntCounter,
    known: IntCounter,
}

impl Outcomes {
    /// Creates all counters, so that their series start at zero: an increase is only visible after a zero.
    fn new(events: &IntCounterVec) -> Self {
        let counter = |outcome| events.with_label_values(&[outcome]);
        Self {
            windowed: counter("windowed"),
            late: counter("late"),
            dead_lettered: counter("dead_lettered"),
            known: counter("known"),
        }
    }

    /// Returns the counter of records with the given disposition.
    pub(crate) fn of(&self, disposition: Disposition) -> &IntCounter {
        match disposition {
            Disposition::Windowed => &self.windowed,
            Disposition::Late => &self.late,
            Disposition::DeadLettered => &self.dead_lettered,
            Disposition::Known => &self.known,
        }
    }
}

/// The registered metrics.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub(crate) events: Outcomes,
    /// By `reason`: a code of `tidewatch_contract::Rejection`.
    pub(crate) dead_letters: IntCounterVec,
    /// By `rule` and `state`: firing, resolved.
    pub(crate) alerts: IntCounterVec,
    pub(crate) suppressed: IntCounter,
    pub(crate) windows: IntCounter,
    pub(crate) overflowed: IntCounter,
    pub(crate) groups: IntGauge,
    pub(crate) gap_records: IntCounter,
    pub(crate) hole_offsets: IntCounter,
    /// By `result`: ok, failed.
    pub(crate) checkpoints: IntCounterVec,
    pub(crate) checkpoint_seconds: Histogram,
    pub(crate) lag: ConsumerLag,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry, rules: &Rules) -> prometheus::Result<Self> {
        let metrics = Self {
            events: Outcomes::new(&EVENTS.register(registry)?),
            dead_letters: DEAD_LETTERS.register(registry)?,
            alerts: ALERTS.register(registry)?,
            suppressed: REPEATED.register(registry)?,
            windows: WINDOWS.register(registry)?,
            overflowed: OVERFLOWED.register(registry)?,
            groups: GROUPS.register(registry)?,
            gap_records: GAP.register(registry)?,
            hole_offsets: HOLES.register(registry)?,
            checkpoints: CHECKPOINTS.register(registry)?,
            checkpoint_seconds: CHECKPOINT_SECONDS.register(registry)?,
            lag: ConsumerLag::register(registry, &METRICS_RAW)?,
        };
        // Create the series at the start: an increase is only visible after a zero.
        for reason in Rejection::CODES {
            metrics.dead_letters.with_label_values(&[reason]);
        }
        for (rule, _) in rules.names() {
            for state in ["firing", "resolved"] {
                metrics.alerts.with_label_values(&[rule, state]);
            }
        }
        for result in ["ok", "failed"] {
            metrics.checkpoints.with_label_values(&[result]);
        }
        Ok(metrics)
    }
}
