//! What has to outlive a process, as the stream-processor writes it to `processor.state`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lifecycle::RuleState;
use crate::traffic::Traffic;
use crate::watermark::Leap;

/// Version of the format of [`PartitionState`] and [`GroupState`].
pub const STATE_VERSION: u32 = 1;

/// How records and windows of a partition were counted. Over a partition's whole life
/// `next_offset - start_offset = windowed + late + dead_lettered + holes + lost`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Events that were judged.
    pub windowed: u64,
    /// Events older than what had been judged.
    pub late: u64,
    /// Records that could not be judged.
    pub dead_lettered: u64,
    /// Offsets that no record is to be read at: control records, aborted transactions, compaction.
    #[serde(default)]
    pub holes: u64,
    /// Offsets that were gone before they could be read.
    pub lost: u64,
    /// Events counted in the overflow group because there were too many groups.
    pub overflowed: u64,
    /// Windows judged.
    pub windows: u64,
}

/// What a partition goes on from. Write it after the states of its groups and before the offset is committed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionState {
    /// [`STATE_VERSION`].
    pub version: u32,
    /// The first offset that this state doesn't cover.
    pub next_offset: i64,
    /// Where the partition's life began.
    pub start_offset: i64,
    /// The oldest offset that a window after `judged_until` still needs: read again from here.
    pub floor: i64,
    /// End of the last window judged.
    pub judged_until: Option<Timestamp>,
    /// The offset at which judging began.
    pub begun_at: Option<i64>,
    /// The greatest min(event time, append time) read, in milliseconds since the epoch.
    pub newest_ms: Option<i64>,
    /// Append time of the first record in a row that did not move it.
    pub stalled_since_ms: Option<i64>,
    /// Append time of the last record.
    pub last_appended_ms: i64,
    /// A sender whose word for the time nobody has borne out yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leap: Option<Leap>,
    /// (offset, milliseconds): from that offset on, windows had been judged until then. As far back as it matters.
    pub steps: Vec<(i64, i64)>,
    /// Windows that begin before this time miss lost records and are not judged; milliseconds since the epoch.
    pub partial_until_ms: i64,
    /// Windows that begin before this time lie where nobody watched and nobody sent, and are not judged by what arrived;
    /// milliseconds since the epoch.
    pub unwatched_until_ms: i64,
    /// Records were lost, and nothing was read since to tell until when.
    pub gap: bool,
    /// What was counted.
    pub totals: Totals,
}

impl PartitionState {
    /// A partition that nothing is known of yet and that begins at `start_offset`.
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

/// What a group is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// Events with the same labels.
    #[default]
    Plain,
    /// All events beyond the limit on groups.
    Overflow,
    /// A service of `expect`, until it sends.
    Expected,
    /// All plain groups of a service together: judged where none of them has enough to be judged alone. Written as a
    /// plain one and known by its key, so that an earlier version, which knows no such groups, ends its alerts.
    #[serde(skip_deserializing, rename = "plain")]
    Service,
}

/// What a group goes on from. It says itself up to where it counts, so that it may be newer than its partition's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupState {
    /// [`STATE_VERSION`].
    pub version: u32,
    /// What the group is.
    pub kind: GroupKind,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The partition's next offset when this was taken.
    pub next_offset: i64,
    /// The partition's judged_until when this was taken.
    pub judged_until: Timestamp,
    /// Offset of the record that made the group; records before it were counted elsewhere.
    pub start_offset: i64,
    /// Length of a pane in milliseconds, and panes in a window: with other ones `traffic` means nothing.
    pub hop_ms: i64,
    /// See `hop_ms`.
    pub panes: i64,
    /// The last pane in which something arrived.
    pub last_arrival: i64,
    /// Whether an expected service has sent.
    pub seen: bool,
    /// The traffic that is usual.
    pub traffic: Traffic,
    /// Where each rule stands; those where nothing is going on are left out.
    pub rules: BTreeMap<String, RuleState>,
}

const WHOLE_SERVICE: &str = "all:";
const EXPECTED: &str = "expected:";

impl GroupState {
    /// The state that was written under `key`.
    pub(crate) fn under(self, key: &str) -> Self {
        if key.starts_with(WHOLE_SERVICE) { Self { kind: GroupKind::Service, ..self } } else { self }
    }
}

/// The key of a group's state: its labels as `k=v`, sorted, joined by commas; `\`, `,` and `=` in values are escaped by
/// `\`, so that no two groups share a key. A whole service, an expected one and a plain group may have the same labels, so
/// the key of the first begins with `all:` and that of the second with `expected:`.
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
