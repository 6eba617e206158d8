//! The complete state of the bridge: the series of every partition, how far each is read and saved, and whether scrapes
//! may see them yet. It has no I/O and no clock of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tidewatch_contract::{Appended, Rejection, RequestView, check_time};

use crate::budget::Budget;
use crate::exposure::Exposure;
use crate::series::Partition;
use crate::state::{self, StateError};

/// The cumulative series of a topic's partitions.
#[derive(Debug)]
pub struct Store {
    pub(crate) partitions: BTreeMap<i32, Slot>,
    pub(crate) budget: Budget,
    hold: Duration,
    is_open: bool,
}

/// One partition and its progress.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) partition: Partition,
    /// The partition's end offset when the bridge started or last found it recreated.
    target: i64,
    /// Whether it was read to its end since then. An open transaction can put that end before `target`, and offsets
    /// without a record can put it behind the last record.
    at_end: bool,
    /// Whether no checkpoint was found: what it counts before the store opens is older than the bridge.
    is_new: bool,
    /// Set when the offsets started again: records appended up to this time were counted under their former offset.
    counted_until: Option<Timestamp>,
    /// The number of changes. `saved` and `saving` are its values at the last acknowledged checkpoint and at the one in
    /// flight.
    version: u64,
    saved: Option<u64>,
    saving: u64,
}

impl Slot {
    fn begin_anew(&mut self, number: i32, (low, high): (i64, i64)) {
        tracing::error!(
            partition = number,
            read_up_to = self.partition.next_offset,
            high,
            "the input ends before the stored position: its topic was recreated and is read from the beginning"
        );
        self.counted_until = self.partition.appended;
        self.partition.next_offset = low;
        self.partition.recreated += 1;
        self.target = high;
        self.at_end = false;
        self.version += 1;
    }

    /// Continues at `low`, the oldest offset that still exists.
    fn skip_lost(&mut self, number: i32, low: i64) {
        let position = self.partition.next_offset;
        if position >= low {
            return;
        }
        let missed = low.abs_diff(position);
        tracing::error!(partition = number, position, low, missed, "records were deleted before they were counted");
        self.partition.missed += missed;
        self.partition.next_offset = low;
        self.version += 1;
    }

    /// Skips offsets that never held a readable record, so nothing is lost.
    fn skip_holes(&mut self, until: i64) {
        let position = self.partition.next_offset;
        if position < until {
            self.partition.holes += until.abs_diff(position);
            self.partition.next_offset = until;
            self.version += 1;
        }
    }
}

impl Store {
    /// Creates an empty store with at most `max_series` series, which shows new ones as 0 for `hold`.
    pub fn new(max_series: usize, hold: Duration) -> Self {
        Self { partitions: BTreeMap::new(), budget: Budget::new(max_series), hold, is_open: false }
    }

    /// Clears the store for another attempt to restore it.
    pub(crate) fn clear(&mut self) {
        self.partitions.clear();
        self.budget = Budget::new(self.budget.most);
    }

    /// Restores a partition that holds the offsets from `low` up to, but excluding, `high`, from its checkpoint if
    /// there is one. Returns the offset to read from.
    pub fn restore(
        &mut self,
        partition: i32,
        checkpoint: Option<&[u8]>,
        (low, high): (i64, i64),
    ) -> Result<i64, StateError> {
        let restored = match checkpoint {
            Some(bytes) => state::decode(bytes)?,
            None => Partition { next_offset: low, ..Partition::default() },
        };
        self.budget.hold(&restored);
        let ends_early = restored.next_offset > high;
        let mut slot = Slot {
            partition: restored,
            target: high,
            at_end: false,
            is_new: checkpoint.is_none(),
            counted_until: None,
            version: 0,
            saved: None,
            saving: 0,
        };
        if ends_early {
            slot.begin_anew(partition, (low, high));
        } else {
            slot.skip_lost(partition, low);
        }
        let next_offset = slot.partition.next_offset;
        self.partitions.insert(partition, slot);
        Ok(next_offset)
    }

    /// Moves each position into the range of offsets that its partition holds now. Unread records before the oldest
    /// offset count as missed. A position beyond the end means that the topic was recreated or truncated: existing
    /// counts stay, and records that were appended no later than the last counted one are not counted again.
    pub fn go_on_within(&mut self, ends: &BTreeMap<i32, (i64, i64)>) {
        for (number, slot) in &mut self.partitions {
            let Some(&(low, high)) = ends.get(number) else { continue };
            if high < slot.partition.next_offset {
                slot.begin_anew(*number, (low, high));
            } else {
                slot.skip_lost(*number, low);
            }
        }
    }

    /// Records that a partition was read to its end. `position` is the next offset, if it is known.
    pub fn reach_end(&mut self, partition: i32, position: Option<i64>) {
        if let Some(slot) = self.partitions.get_mut(&partition) {
            slot.skip_holes(position.unwrap_or(slot.partition.next_offset));
            slot.at_end = true;
        }
    }

    /// Counts a record of `partition` at `offset` that was appended at `appended`. A record that was counted before is
    /// ignored.
    pub fn apply(
        &mut self,
        partition: i32,
        offset: i64,
        appended: Option<impl Into<Appended>>,
        payload: &[u8],
        now: Instant,
    ) {
        let exposure = match self.partitions.get(&partition) {
            Some(slot) if !self.is_open && slot.is_new => Exposure::Due,
            Some(_) if !self.is_open => Exposure::Unseen,
            Some(_) => Exposure::Held(now),
            None => return,
        };
        let Some(slot) = self.partitions.get_mut(&partition) else { return };
        if offset < slot.partition.next_offset {
            return;
        }
        slot.skip_holes(offset);
        let Slot { partition, version, counted_until, .. } = slot;
        partition.next_offset = offset + 1;
        *version += 1;
        let appended: Option<Appended> = appended.map(Into::into);
        let believed = appended.map(|appended| appended.of(None));
        if believed.is_some() && believed <= *counted_until {
            return;
        }
        partition.appended = partition.appended.max(believed);
        match judge(payload, appended) {
            Ok(event) => partition.count(event, exposure, &mut self.budget),
            Err(rejection) => *partition.invalid.entry(rejection.code().to_owned()).or_default() += 1,
        }
    }

    /// Returns whether everything was read that existed at the start, or when a partition was last found to be
    /// recreated.
    pub fn is_caught_up(&self) -> bool {
        let is_read = |slot: &Slot| slot.at_end || slot.partition.next_offset >= slot.target;
        !self.partitions.is_empty() && self.partitions.values().all(is_read)
    }

    /// Returns whether scrapes are answered.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Answers scrapes from `now` on. Must be called only once caught up and saved.
    pub fn open(&mut self, now: Instant) {
        self.is_open = true;
        for slot in self.partitions.values_mut() {
            slot.partition.open(now);
        }
    }

    /// Returns a checkpoint of each partition that changed since it was saved. Each has to be written and then
    /// acknowledged; one that failed is created again by the next call.
    pub fn checkpoint(&mut self, now: Instant) -> Vec<(i32, Vec<u8>)> {
        let hold = self.hold;
        let changed = self.partitions.iter_mut().filter_map(|(number, slot)| {
            let Slot { partition, version, saved, saving, .. } = slot;
            if *saved == Some(*version) && !partition.has_releases(now, hold) {
                return None;
            }
            partition.checkpoint(now, hold);
            *saving = *version;
            Some((*number, state::encode(partition)))
        });
        changed.collect()
    }

    /// Records that the partition's latest checkpoint is stored.
    pub fn acknowledge(&mut self, partition: i32) {
        if let Some(slot) = self.partitions.get_mut(&partition) {
            slot.saved = Some(slot.saving);
            slot.partition.acknowledge();
        }
    }

    /// Returns the next offset to read of each partition.
    pub fn positions(&self) -> BTreeMap<i32, i64> {
        self.partitions.iter().map(|(number, slot)| (*number, slot.partition.next_offset)).collect()
    }
}

/// Parses and validates an event like the stream-processor. Without an append time, future timestamps pass.
fn judge(payload: &[u8], appended: Option<Appended>) -> Result<RequestView<'_>, Rejection> {
    let event = RequestView::parse(payload)?;
    check_time(event.timestamp, appended.map_or(event.timestamp, |appended| appended.of(Some(event.timestamp))))?;
    Ok(event)
}
