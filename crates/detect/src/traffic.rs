//! The usual traffic of a group.
//!
//! The baseline is the median pane of the last ten minutes, with three exceptions for traffic that falls without a
//! fault: a level well above the last hour's is a burst, and the lowest level of that hour is used instead
//! ([`memory`]); if the traffic fell at this time yesterday, it may fall as far today; and a regular pause is reported
//! only once it lasts longer than the one before ([`rhythm`]). A lower level that has lasted for half an hour becomes
//! the baseline.

mod level;
mod memory;
mod rhythm;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use self::memory::Memory;
use self::rhythm::Rhythm;
use crate::grid::Grid;
use crate::units::{Pane, Span, Window};

/// Length of the recent traffic before the window.
const HISTORY: Span = Span::minutes(10);
/// A drop that lasted this long and ended by itself is remembered for its time of day.
const LEARNT: Span = Span::hours(1);
/// From this many requests per window on, half a window without any is not chance: its probability is e^-15 if requests
/// come independently.
const STEADY: u64 = 30;

/// Minutes after which a lower level becomes the baseline.
pub(crate) const SETTLED_MINUTES: usize = memory::SETTLED_MINUTES;

/// The baseline of a group and the data that it is computed from. Pane numbers count hops since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// The first pane of the group.
    pub(crate) first_pane: Pane,
    /// Number of events that arrived in each pane that has left the window; empty panes are left out.
    pub(crate) counts: VecDeque<(Pane, u64)>,
    /// Ranges of panes, inclusive at both ends, that don't count towards the baseline: those of windows that are part
    /// of a drop, partial or replayed.
    pub(crate) excluded: Vec<(Pane, Pane)>,
    /// Usual number of events per window; the last one known while there is too little history.
    pub(crate) baseline: Option<u64>,
    /// Number of events per window in the last ten minutes, whether usual or not.
    #[serde(default)]
    recent: Option<u64>,
    /// Whether the baseline is frozen, which it is from the first violating window until the rule is clear.
    pub(crate) frozen: bool,
    /// The window at which the drop began, or the last window of it that could not be observed.
    #[serde(default)]
    fell: Option<Window>,
    #[serde(default)]
    memory: Memory,
    #[serde(default)]
    rhythm: Rhythm,
}

impl Traffic {
    pub(crate) fn new(first_pane: Pane) -> Self {
        Self { first_pane, ..Self::default() }
    }

    /// Recomputes the baseline for `window`. Returns whether it changed.
    ///
    /// The recent traffic is the median pane (the element at rank floor((n - 1) / 2)) of the ten minutes before the
    /// window, times the panes of a window. It is unknown until traffic has lasted for two windows (`last_arrival` is
    /// its last pane), so that the first of them is history: a burst is not usual traffic.
    pub(crate) fn refresh(&mut self, grid: Grid, window: Window, last_arrival: Pane) -> bool {
        let oldest = self.oldest(grid, window);
        while self.counts.front().is_some_and(|&(pane, _)| pane < oldest) {
            self.counts.pop_front();
        }
        self.excluded.retain(|&(_, last)| last >= oldest);
        let from = oldest.max(self.first_pane);
        let until = grid.first_pane(window);
        let excluded: i64 = self.excluded.iter().map(|&(a, b)| ((b + 1).min(until) - a.max(from)).max(0)).sum();
        let panes = until - from - excluded;
        let lasted = last_arrival.min(window.last_pane()) + 1 - self.first_pane;
        let before = (self.recent, self.baseline);
        if panes >= grid.panes() && lasted >= 2 * grid.panes() {
            self.recent = Some(self.median(panes) * grid.panes().unsigned_abs());
        } else {
            // An earlier version stored only the baseline.
            self.recent = self.recent.or(self.baseline);
        }
        self.baseline = self.recent.map(|recent| self.usual(grid, window, recent));
        (self.recent, self.baseline) != before
    }

    /// Returns the usual traffic, given the recent traffic.
    fn usual(&self, grid: Grid, window: Window, recent: u64) -> u64 {
        let mut usual = recent;
        // While traffic falls, the median of the last ten minutes is not a stable level, and too low to compare with.
        let high = self.memory.before(grid, window).unwrap_or(0).max(recent);
        let yesterday = self.memory.yesterday(grid, window);
        if let Some(hour) = self.memory.hour()
            && is_well_below(hour, recent)
            && yesterday.is_none_or(|yesterday| is_well_below(yesterday, high))
        {
            usual = hour;
        }
        if let (Some(now), Some(before)) = (yesterday, self.memory.yesterday_before(grid, window))
            && is_well_below(now, before)
        {
            for level in [recent, high].into_iter().filter(|&level| is_well_below(now, level)) {
                usual = usual.min(level * now / before);
            }
        }
        usual
    }

    /// Returns the number of events that the window is compared with. Silence is not the end of a burst: a group with
    /// steady traffic that falls silent is compared with its recent traffic even if less is usual, so that its silence
    /// is reported without delay.
    pub(crate) fn measure(&self, is_silent: impl FnOnce() -> bool) -> Option<u64> {
        let usual = self.baseline?;
        match self.recent {
            Some(recent) if recent > usual && usual >= STEADY && is_silent() => Some(recent),
            _ => Some(usual),
        }
    }

    /// Returns the highest level of the last day.
    pub(crate) fn highest(&self) -> Option<u64> {
        self.memory.highest()
    }

    /// Updates the rhythm with whether the traffic in `window` is low. Returns whether anything changed.
    pub(crate) fn follow(&mut self, grid: Grid, window: Window, low: bool) -> bool {
        let began = self.first_pane + grid.panes() / 2;
        self.rhythm.follow(grid, window, low, began.window_before())
    }

    /// Returns the last window in which low traffic is a usual pause.
    pub(crate) fn pauses_until(&self, grid: Grid) -> Option<Window> {
        self.rhythm.pauses_until(grid)
    }

    /// Uses the level of the drop as the baseline once it has settled. Returns whether it has.
    pub(crate) fn settle(&mut self, grid: Grid, window: Window) -> bool {
        let (Some(level), Some(fell)) = (self.memory.settled(), self.fell.filter(|_| self.frozen)) else {
            return false;
        };
        self.memory.learn_drop(grid, fell);
        self.memory.forget_drop();
        self.rhythm = Rhythm::from(window);
        self.excluded.clear();
        (self.recent, self.baseline) = (Some(level), Some(level));
        (self.frozen, self.fell) = (false, None);
        true
    }

    /// Finishes a window: `arrived` events leave it together with its first pane. `low` freezes the baseline; `unseen`
    /// excludes the window from the baseline.
    pub(crate) fn leave(&mut self, grid: Grid, window: Window, arrived: u64, low: bool, unseen: bool) {
        if low || unseen {
            self.exclude(grid, window);
        }
        self.remember(grid, grid.first_pane(window), arrived);
        match (self.fell, low) {
            (_, true) if unseen => {
                self.memory.forget_drop();
                self.fell = Some(window);
            }
            (None, true) => self.fell = Some(window),
            (Some(fell), false) => {
                if window - fell >= grid.hops(LEARNT) {
                    self.memory.learn_drop(grid, fell);
                }
                self.memory.forget_drop();
                self.fell = None;
            }
            _ => {}
        }
        self.frozen = low;
        let oldest = self.oldest(grid, window);
        while self.counts.front().is_some_and(|&(pane, _)| pane < oldest) {
            self.counts.pop_front();
        }
    }

    fn median(&self, panes: i64) -> u64 {
        let mut counts = Vec::with_capacity(self.counts.len());
        counts.extend(self.counts.iter().filter(|&&(pane, _)| !self.is_excluded(pane)).map(|&(_, n)| n));
        let rank = (panes.unsigned_abs() as usize - 1) / 2;
        let empty = (panes.unsigned_abs() as usize).saturating_sub(counts.len());
        match rank.checked_sub(empty) {
            Some(rank) if rank < counts.len() => *counts.select_nth_unstable(rank).1,
            _ => 0,
        }
    }

    fn is_excluded(&self, pane: Pane) -> bool {
        self.excluded.iter().any(|&(first, last)| (first..=last).contains(&pane))
    }

    fn oldest(&self, grid: Grid, window: Window) -> Pane {
        grid.first_pane(window) - grid.hops(HISTORY)
    }

    fn remember(&mut self, grid: Grid, pane: Pane, arrived: u64) {
        if pane < self.first_pane {
            return;
        }
        if arrived > 0 {
            self.counts.push_back((pane, arrived));
        }
        let is_usual = |first, last| !self.excluded.iter().any(|&(from, to)| first <= to && from <= last);
        self.memory.take(grid, (pane, arrived), is_usual, self.fell);
    }

    /// Records that nothing arrived in the panes of skipped windows before `window`.
    pub(crate) fn catch_up(&mut self, grid: Grid, window: Window) {
        self.remember(grid, grid.first_pane(window) - 1, 0);
    }

    /// Excludes the panes of `window` from the baseline.
    fn exclude(&mut self, grid: Grid, window: Window) {
        let (first, last) = (grid.first_pane(window), window.last_pane());
        match self.excluded.last_mut() {
            Some(range) if first <= range.1 + 1 => range.1 = range.1.max(last),
            _ => self.excluded.push((first, last)),
        }
    }

    /// Extends the last excluded range to `window`: the windows in between were as low as the last one.
    pub(crate) fn exclude_on(&mut self, window: Window) {
        if let Some(range) = self.excluded.last_mut() {
            range.1 = range.1.max(window.last_pane());
        }
    }

    /// Returns whether the baseline stays the same for as long as the group is empty and the verdict doesn't change.
    pub(crate) fn is_steady(&self, grid: Grid, window: Window) -> bool {
        if self.frozen {
            return self.excluded.last().is_some_and(|&(_, last)| last == window.last_pane());
        }
        self.counts.is_empty() && self.excluded.is_empty() && self.first_pane <= self.oldest(grid, window)
    }
}

/// Returns whether a level is less than 70 % of another one: the share at which a drop ends, and more than day and
/// night change within an hour.
fn is_well_below(level: u64, other: u64) -> bool {
    level * 10 < other * 7
}

#[cfg(test)]
mod tests;
