//! The traffic levels of the last hour and of the same time yesterday.
//!
//! Requests are counted per minute. Each ten minutes are remembered as the level of their second-lowest minute, in one
//! byte, for a day and an hour. Minutes of windows that don't count towards the baseline are left out.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::level::{self, Level};
use crate::grid::Grid;
use crate::units::{Pane, Span, Window};

const MINUTE: Span = Span::minutes(1);
const SLOT: Span = Span::minutes(10);
/// Slots per hour.
const HOUR: i64 = 6;
/// Slots per day.
const DAY: i64 = 24 * HOUR;
/// Number of slots that are remembered.
const REMEMBERED: i64 = DAY + HOUR;
/// A lower level that lasts for this many minutes becomes the baseline.
pub(crate) const SETTLED_MINUTES: usize = 30;

/// The minutes of the current slot, the slots before it, and the minutes of a drop.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    /// The first pane that was counted; `None` before any was.
    from: Option<Pane>,
    /// The minute being counted, in minutes since the epoch, and its requests so far.
    minute: i64,
    requests: u64,
    /// The slot that the next minute belongs to, in slots since the epoch, and its minutes so far.
    slot: i64,
    minutes: Vec<u64>,
    /// The slots before it, oldest first.
    #[serde(with = "level::hex")]
    slots: VecDeque<Level>,
    /// The most recent minutes of a drop.
    low: VecDeque<u64>,
}

/// How panes are grouped into minutes and slots. If windows are longer than a minute, a "minute" is a window; request
/// counts are scaled to a window.
#[derive(Debug, Clone, Copy)]
struct Spans {
    panes: i64,
    minute: i64,
    slot: i64,
}

impl Spans {
    fn of(grid: Grid) -> Self {
        let minute = grid.hops(MINUTE).max(grid.panes());
        Self { panes: grid.panes(), minute, slot: grid.hops(SLOT).max(minute) }
    }

    /// Returns the slot in which a window ends.
    fn slot_of(self, window: Window) -> i64 {
        window.last_pane().0.div_euclid(self.slot)
    }
}

impl Memory {
    /// Counts `requests` in `pane`, and none in the panes since the last call. A finished minute is usual if `is_usual`
    /// returns true for its first and last pane. Otherwise it is part of the drop that began at `fell`.
    pub(crate) fn take(
        &mut self,
        grid: Grid,
        (pane, requests): (Pane, u64),
        is_usual: impl Fn(Pane, Pane) -> bool,
        fell: Option<Window>,
    ) {
        let spans = Spans::of(grid);
        let minute = pane.0.div_euclid(spans.minute);
        let from = *self.from.get_or_insert_with(|| {
            self.minute = minute;
            self.slot = (minute * spans.minute).div_euclid(spans.slot);
            pane
        });
        // Older minutes are not remembered.
        let skipped = minute - REMEMBERED * spans.slot / spans.minute - 1;
        if self.minute < skipped {
            self.minute = skipped;
            self.requests = 0;
        }
        while self.minute < minute {
            let first = Pane(self.minute * spans.minute);
            self.move_to_slot(first.0.div_euclid(spans.slot));
            let requests =
                std::mem::take(&mut self.requests) * spans.panes.unsigned_abs() / spans.minute.unsigned_abs();
            if first >= from && is_usual(first, first + spans.minute - 1) {
                self.minutes.push(requests);
            } else if fell.is_some_and(|fell| first >= fell.next_pane()) {
                if self.low.len() == SETTLED_MINUTES {
                    self.low.pop_front();
                }
                self.low.push_back(requests);
            }
            self.minute += 1;
        }
        self.requests += requests;
    }

    fn move_to_slot(&mut self, slot: i64) {
        if self.slot < slot - REMEMBERED {
            self.slots.clear();
            self.minutes.clear();
            self.slot = slot - REMEMBERED;
        }
        while self.slot < slot {
            let level = second_lowest(&mut self.minutes).map_or(Level::UNKNOWN, Level::of);
            self.minutes.clear();
            self.slots.push_back(level);
            if self.slots.len() > REMEMBERED as usize {
                self.slots.pop_front();
            }
            self.slot += 1;
        }
    }

    fn slot(&self, slot: i64) -> Option<u64> {
        let back = usize::try_from(self.slot - slot).ok()?;
        self.slots.get(self.slots.len().checked_sub(back)?)?.number()
    }

    fn slots(&self, from: i64, until: i64) -> impl Iterator<Item = u64> {
        (from..until).filter_map(|slot| self.slot(slot))
    }

    /// Returns the lowest level of the last hour.
    pub(crate) fn hour(&self) -> Option<u64> {
        let now = second_lowest(&mut self.minutes.clone());
        self.slots(self.slot - HOUR, self.slot).chain(now).min()
    }

    /// Returns the highest level that is remembered.
    pub(crate) fn highest(&self) -> Option<u64> {
        self.slots.iter().filter_map(|slot| slot.number()).max()
    }

    /// Returns yesterday's level at the end of `window`: the lower one of those ten minutes and the ten after them.
    pub(crate) fn yesterday(&self, grid: Grid, window: Window) -> Option<u64> {
        let slot = Spans::of(grid).slot_of(window) - DAY;
        self.slots(slot, slot + 2).min()
    }

    /// Returns the highest level of the twenty minutes before the ten in which `window` ends.
    pub(crate) fn before(&self, grid: Grid, window: Window) -> Option<u64> {
        self.before_slot(Spans::of(grid).slot_of(window))
    }

    /// Returns the same for yesterday.
    pub(crate) fn yesterday_before(&self, grid: Grid, window: Window) -> Option<u64> {
        self.before_slot(Spans::of(grid).slot_of(window) - DAY)
    }

    fn before_slot(&self, slot: i64) -> Option<u64> {
        self.slots(slot - 2, slot).max()
    }

    /// Returns the level at which a drop has settled: half an hour without a silent minute, whose second half is like
    /// its first.
    pub(crate) fn settled(&self) -> Option<u64> {
        if self.low.len() < SETTLED_MINUTES || self.low.contains(&0) {
            return None;
        }
        let mut minutes: Vec<u64> = self.low.iter().copied().collect();
        let (first, second) = minutes.split_at_mut(SETTLED_MINUTES / 2);
        let (first, second) = (median(first), median(second));
        let is_steady = first.abs_diff(second) <= first.max(second) / 4 + 2;
        is_steady.then(|| median(&mut minutes))
    }

    /// Makes the last half hour of the drop count as usual after all.
    pub(crate) fn learn_drop(&mut self, grid: Grid, fell: Window) {
        let mut minutes: Vec<u64> = self.low.iter().copied().collect();
        if minutes.len() < SETTLED_MINUTES {
            return;
        }
        let level = median(&mut minutes);
        let since = self.slot - fell.0.div_euclid(Spans::of(grid).slot);
        let since = usize::try_from(since).unwrap_or_default().min(self.slots.len());
        for slot in self.slots.iter_mut().rev().take(since).filter(|slot| **slot == Level::UNKNOWN) {
            *slot = Level::of(level);
        }
        if self.minutes.is_empty() {
            self.minutes.push(level);
        }
    }

    /// Clears the minutes of the drop, because it is over or could not be observed.
    pub(crate) fn forget_drop(&mut self) {
        self.low.clear();
    }
}

/// Returns the second-lowest of up to ten minutes, so that a momentary dip doesn't count as a level.
fn second_lowest(minutes: &mut [u64]) -> Option<u64> {
    let rank = minutes.len().checked_sub(1)? / 5;
    Some(*minutes.select_nth_unstable(rank).1)
}

fn median(minutes: &mut [u64]) -> u64 {
    let rank = minutes.len().saturating_sub(1) / 2;
    *minutes.select_nth_unstable(rank).1
}
