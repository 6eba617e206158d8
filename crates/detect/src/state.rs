//! The persistent state, as the stream-processor writes it to `processor.state`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lifecycle::RuleState;
use crate::traffic::Traffic;
use crate::watermark::Leap;

/// Version of the format of [`PartitionState`] and [`GroupState`].
pub const STATE_VERSION: u32 = 1;

/// The record and window counts of a partition. Over a partition's whole life `next_offset - start_offset = windowed +
/// late + dead_lettered + holes + lost`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Number of events counted in a window.
    pub windowed: u64,
    /// Number of events older than the last window evaluated when they arrived.
    pub late: u64,
    /// Number of records that could not be evaluated.
    pub dead_lettered: u64,
    /// Number of offsets without a readable record: control records, aborted transactions, compaction.
    #[serde(default)]
    pub holes: u64,
    /// Number of offsets that were deleted before they could be read.
    pub lost: u64,
    /// Number of events counted in the overflow group because there were too many groups.
    pub overflowed: u64,
    /// Number of windows evaluated.
    pub windows: u64,
}

/// The state from which a partition is restored. Write it after the states of its groups and before committing the
/// offset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionState {
    /// [`STATE_VERSION`].
    pub version: u32,
    /// The first offset that this state doesn't cover.
    pub next_offset: i64,
    /// The offset at which the partition's life began.
    pub start_offset: i64,
    /// The oldest offset that a window after `judged_until` still needs, from which records are replayed after a
    /// restart.
    pub floor: i64,
    /// End of the last window evaluated.
    pub judged_until: Option<Timestamp>,
    /// The offset at which evaluation began.
    pub begun_at: Option<i64>,
    /// The greatest min(event time, append time) read, in milliseconds since the epoch.
    pub newest_ms: Option<i64>,
    /// Append time of the first of the consecutive records that did not advance `newest_ms`.
    pub stalled_since_ms: Option<i64>,
    /// Append time of the last record.
    pub last_appended_ms: i64,
    /// A jump in time claimed by one sender and not confirmed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leap: Option<Leap>,
    /// (offset, milliseconds): from that offset on, windows had been evaluated up to that time. As far back as it
    /// matters.
    pub steps: Vec<(i64, i64)>,
    /// Windows that begin before this time are missing records and are not evaluated; milliseconds since the epoch.
    pub partial_until_ms: i64,
    /// Windows that begin before this time lie in a time without a running processor and without events, and are not
    /// evaluated by rules about arrival; milliseconds since the epoch.
    pub unwatched_until_ms: i64,
    /// Whether records were lost and no record has been read since, so that the end of the gap is unknown.
    pub gap: bool,
    /// The record and window counts.
    pub totals: Totals,
}

impl PartitionState {
    /// Creates the state of a partition without history that begins at `start_offset`.
    pub fn new(start_offset: i64) -> Self {
        Self {
            version: STATE_VERSION,
            next_offset: start_offset,
            start_offset,
            floor: start_offset,
            judged_until: None,
            begun_at: None,
            newest_ms: None,
            stalled_since_ms: None,
            last_appended_ms: 0,
            leap: None,
            steps: Vec::new(),
            partial_until_ms: 0,
            unwatched_until_ms: 0,
            gap: false,
            totals: Totals::default(),
        }
    }
}

/// The kind of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// Events with the same labels.
    #[default]
    Plain,
    /// All events beyond the limit on the number of groups.
    Overflow,
    /// A service of `expect`, until it sends its first event.
    Expected,
    /// All plain groups of a service together, evaluated if none of them has enough events by itself. It is serialised
    /// as a plain group and recognised by its key, so that an earlier version, which doesn't know this kind, ends its
    /// alerts.
    #[serde(skip_deserializing, rename = "plain")]
    Service,
}

/// The state from which a group is restored. It records how far it counts, so that it may be newer than its partition's
/// state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupState {
    /// [`STATE_VERSION`].
    pub version: u32,
    /// The kind of the group.
    pub kind: GroupKind,
    /// The labels of the group.
    pub labels: BTreeMap<String, String>,
    /// The partition's next offset when the state was taken.
    pub next_offset: i64,
    /// The partition's `judged_until` when the state was taken.
    pub judged_until: Timestamp,
    /// Offset of the record that created the group. Records before it were counted elsewhere.
    pub start_offset: i64,
    /// Length of a pane in milliseconds. If it or `panes` differs from the current rules, `traffic` is unusable.
    pub hop_ms: i64,
    /// Number of panes per window.
    pub panes: i64,
    /// The last pane in which an event arrived.
    pub last_arrival: i64,
    /// Whether an expected service has sent an event.
    pub seen: bool,
    /// The usual traffic.
    pub traffic: Traffic,
    /// The state of each rule, except those in their initial state.
    pub rules: BTreeMap<String, RuleState>,
}

const WHOLE_SERVICE: &str = "all:";
const EXPECTED: &str = "expected:";

impl GroupState {
    /// Returns the state as it was written under `key`.
    pub(crate) fn under(self, key: &str) -> Self {
        if key.starts_with(WHOLE_SERVICE) { Self { kind: GroupKind::Service, ..self } } else { self }
    }
}

/// Returns the key of a group's state: its labels as `k=v`, sorted and joined by commas. `\`, `,` and `=` in values are
/// escaped with `\`, so that no two groups share a key. A whole service, an expected service and a plain group may have
/// the same labels, so the key of the first begins with `all:` and that of the second with `expected:`.
pub(crate) fn key_of(kind: GroupKind, labels: &BTreeMap<String, String>) -> String {
    let kind = match kind {
        GroupKind::Service => WHOLE_SERVICE,
        GroupKind::Expected => EXPECTED,
        GroupKind::Plain | GroupKind::Overflow => "",
    };
    let mut key = kind.to_owned();
    for (index, (label, value)) in labels.iter().enumerate() {
        if index > 0 {
            key.push(',');
        }
        key.push_str(label);
        key.push('=');
        for character in value.chars() {
            if matches!(character, '\\' | ',' | '=') {
                key.push('\\');
            }
            key.push(character);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(region: &str, service: &str) -> BTreeMap<String, String> {
        [("region", region), ("service", service)].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    }

    #[test]
    fn no_value_makes_two_groups_share_a_key() {
        assert_eq!(key_of(GroupKind::Plain, &labels("eu", "api")), "region=eu,service=api");
        let key = |region, service| key_of(GroupKind::Plain, &labels(region, service));
        assert_ne!(key("x,service=y", "z"), key("x", "y,service=z"));
        let kinds = [GroupKind::Plain, GroupKind::Expected, GroupKind::Service];
        let keys = kinds.map(|kind| key_of(kind, &labels("eu", "api")));
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[2] != keys[0], "{keys:?}");
    }
}
