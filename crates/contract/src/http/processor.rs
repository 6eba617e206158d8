//! `GET /status` on the stream-processor's admin listener.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The path of [`Status`].
pub const STATUS: &str = "/status";

/// The state of the processor's partitions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// The partitions of `metrics.raw` that it owns.
    pub partitions: Vec<PartitionStatus>,
    /// Sums over these partitions.
    pub totals: Totals,
    /// Every group with the state of its rules.
    pub groups: Vec<GroupView>,
    /// The last dead letters, newest first.
    pub dead_letters: Vec<DeadLetterStatus>,
}

/// One partition of `metrics.raw`. `position - start = windowed + late + dead_lettered + holes + gap`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PartitionStatus {
    /// Its number.
    pub partition: i32,
    /// Ownership of the partition, incremented at each change.
    #[serde(default)]
    pub generation: i64,
    /// First offset that was ever counted.
    #[serde(default)]
    pub start: i64,
    /// Next offset to read.
    pub position: i64,
    /// Next offset to be written, as the broker last reported it.
    pub high: i64,
    /// Records between the read position and `high`.
    pub lag: i64,
    /// Event time up to which everything is evaluated. `None` for a partition that was never used.
    pub watermark: Option<Timestamp>,
    /// Events that were counted in a window.
    #[serde(default)]
    pub windowed: u64,
    /// Events that arrived after their window was evaluated.
    #[serde(default)]
    pub late: u64,
    /// Records that can't be processed.
    #[serde(default)]
    pub dead_lettered: u64,
    /// Offsets without a record to read: control records, aborted transactions, compaction.
    #[serde(default)]
    pub holes: u64,
    /// Records that retention deleted before they were read.
    #[serde(default)]
    pub gap: u64,
}

/// Sums over the partitions. `produced = processed + late + dead_lettered + holes + gap` at lag 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Records written to `metrics.raw`.
    pub produced: u64,
    /// Events that were counted in a window.
    pub processed: u64,
    /// Events that arrived after their window was evaluated.
    pub late: u64,
    /// Records that can't be processed.
    pub dead_lettered: u64,
    /// Offsets without a record to read: control records, aborted transactions, compaction.
    pub holes: u64,
    /// Records that retention deleted before they were read.
    pub gap: u64,
    /// Records that were written but not read yet.
    pub lag: u64,
}

impl Totals {
    /// Adds up these partitions.
    pub fn of(partitions: &[PartitionStatus]) -> Self {
        let count = |value: i64| u64::try_from(value).unwrap_or_default();
        partitions.iter().fold(Self::default(), |sum, partition| Self {
            produced: sum.produced + count(partition.high - partition.start),
            processed: sum.processed + partition.windowed,
            late: sum.late + partition.late,
            dead_lettered: sum.dead_lettered + partition.dead_lettered,
            holes: sum.holes + partition.holes,
            gap: sum.gap + partition.gap,
            lag: sum.lag + count(partition.lag),
        })
    }
}

/// A group and the state of its rules after the last evaluated window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupView {
    /// Its labels, including `service`.
    pub labels: BTreeMap<String, String>,
    /// The state of each rule, by the rule's name.
    pub rules: BTreeMap<String, RuleView>,
}

impl GroupView {
    /// Returns the service that the group belongs to, or an empty string if no label names it.
    pub fn service(&self) -> &str {
        self.labels.get("service").map_or("", String::as_str)
    }

    /// Returns whether the group is a whole service.
    pub fn is_whole_service(&self) -> bool {
        self.labels.len() == 1
    }
}

/// The state of one rule for one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleView {
    /// The state.
    pub state: RuleStatus,
    /// The measured value: milliseconds, a ratio, or events per window. `None` if there was nothing to measure.
    pub value: Option<f64>,
    /// The limit, in the unit of `value`.
    pub threshold: Option<f64>,
    /// When the alert or the violation began.
    pub since: Option<Timestamp>,
    /// Why the state is unknown, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The state of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleStatus {
    /// The last window was clean.
    Ok,
    /// Violated, but not for long enough yet.
    Pending,
    /// Violated: an alert is firing.
    Firing,
    /// There is too little data to evaluate; also any state added in a later version.
    #[serde(other)]
    Unknown,
}

impl RuleStatus {
    /// Returns the state as JSON spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Unknown => "unknown",
        }
    }
}

/// A record that can't be processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterStatus {
    /// The reason, as spelled by [`crate::Rejection::code`].
    pub reason: Cow<'static, str>,
    /// The reason, in one sentence.
    pub detail: String,
    /// The partition of `metrics.raw` that the record was in.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
    /// When the processor rejected it.
    pub at: Timestamp,
}
