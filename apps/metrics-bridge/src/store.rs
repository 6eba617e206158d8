//! All that the bridge knows: the series of every partition, how far each is read and saved, and whether scrapes may
//! see them yet. No I/O and no clock of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tidewatch_contract::{Appended, Rejection, RequestView, check_time};

use crate::budget::Budget;
use crate::exposure::Exposure;
use crate::series::Partition;
use crate::state::{self, StateError};

/// Cumulative series of a topic's partitions.
#[derive(Debug)]
pub struct Store {
    pub(crate) partitions: BTreeMap<i32, Slot>,
    pub(crate) budget: Budget,
    hold: Duration,
    is_open: bool,
}

/// One partition and what is known of its progress.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) partition: Partition,
    /// Where the partition ended when the bridge started, or found it made anew.
    target: i64,
    /// Since then it was read to its end, which holes may put behind the last record, and open transactions before
    /// `target`.
    at_end: bool,
    /// No checkpoint was found: what it holds is older than the bridge.
    is_new: bool,
    /// The offsets began anew: what was appended up to then was counted under its former offset.
    counted_until: Option<Timestamp>,
    /// Counts changes; of what is saved, and of what the checkpoint under way will have saved.
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

    /// Goes on at `low`, the oldest offset that is kept.
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

    /// Skips offsets that never held a readable record. Nothing is lost by that.
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
    /// An empty store of at most `max_series` series, that shows new ones as 0 for `hold` first.
    pub fn new(max_series: usize, hold: Duration) -> Self {
        Self { partitions: BTreeMap::new(), budget: Budget::new(max_series), hold, is_open: false }
    }

    /// Forgets everything, for another attempt to restore it.
    pub(crate) fn clear(&mut self) {
        self.partitions.clear();
        self.budget = Budget::new(self.budget.most);
    }

    /// Begins a partition that holds offsets from `low` to before `high` where its checkpoint, if there is one, left
    /// off. Returns the offset to read from.
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
    /// counts stay, and records that were appended before the last counted one are not counted again.
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

    /// Everything of a partition is read. `position` is the next offset, where that is known.
    pub fn reach_end(&mut self, partition: i32, position: Option<i64>) {
        if let Some(slot) = self.partitions.get_mut(&partition) {
            slot.skip_holes(position.unwrap_or(slot.partition.next_offset));
            slot.at_end = true;
        }
    }

    /// Counts a record that was read from `partition` at `offset`, and that was appended at `appended`. One that was
    /// counted before is ignored.
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

    /// Whether everything was read that was there at the start, or when a partition was last found to be made anew.
    pub fn is_caught_up(&self) -> bool {
        let is_read = |slot: &Slot| slot.at_end || slot.partition.next_offset >= slot.target;
        !self.partitions.is_empty() && self.partitions.values().all(is_read)
    }

    /// Whether scrapes are answered.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Answers scrapes from `now` on. To be called once caught up and saved.
    pub fn open(&mut self, now: Instant) {
        self.is_open = true;
        for slot in self.partitions.values_mut() {
            slot.partition.open(now);
        }
    }

    /// The checkpoints of all partitions that changed since they were saved. Each has to be written and then
    /// acknowledged; one that failed is made anew by the next call.
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

    /// The partition's latest checkpoint is safely stored.
    pub fn acknowledge(&mut self, partition: i32) {
        if let Some(slot) = self.partitions.get_mut(&partition) {
            slot.saved = Some(slot.saving);
            slot.partition.acknowledge();
        }
    }

    /// The next offset to be read of each partition.
    pub fn positions(&self) -> BTreeMap<i32, i64> {
        self.partitions.iter().map(|(number, slot)| (*number, slot.partition.next_offset)).collect()
    }
}

/// The event, judged as the stream-processor does. Without an append time only what no clock could say is refused.
fn judge(payload: &[u8], appended: Option<Appended>) -> Result<RequestView<'_>, Rejection> {
    let event = RequestView::parse(payload)?;
    check_time(event.timestamp, appended.map_or(event.timestamp, |appended| appended.of(Some(event.timestamp))))?;
    Ok(event)
}
