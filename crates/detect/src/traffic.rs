//! How much traffic is usual for a group.
//!
//! Usual is the median pane of the last ten minutes, with three exceptions, each one for traffic that falls and is fine:
//! a level well above the last hour's is a burst, and the hour's lowest level counts ([`memory`]); where the traffic fell
//! at this time yesterday, it may fall as far today; and a pause that comes like clockwork is told only once it lasts
//! longer than the one before ([`rhythm`]). A lower level that has lasted for half an hour is the normal one.

mod level;
mod memory;
mod rhythm;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use self::memory::Memory;
use self::rhythm::Rhythm;
use crate::grid::Grid;
use crate::units::{Pane, Span, Window};

/// How far the recent traffic looks back before the window.
const HISTORY: Span = Span::minutes(10);
/// What lasted so long and ended by itself is known for its time of the day.
const LEARNT: Span = Span::hours(1);
/// From so many requests a window on, half a window without any is no chance: e^-15 of all, if they come independently.
const STEADY: u64 = 30;

/// Minutes after which a lower level is the normal one.
pub(crate) const SETTLED_MINUTES: usize = memory::SETTLED_MINUTES;

/// The baseline of a group and what it is taken from. Pane numbers count hops since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// The first pane of the group.
    pub(crate) first_pane: Pane,
    /// Events that arrived, pane by pane, of the panes that have left the window; those without any are left out.
    pub(crate) counts: VecDeque<(Pane, u64)>,
    /// Ranges of panes, both ends inclusive, that are no measure: of windows of a drop, or partial or replayed ones.
    pub(crate) excluded: VecDeque<(Pane, Pane)>,
    /// Usual events a window; the last one known while there is too little history.
    pub(crate) baseline: Option<u64>,
    /// Events a window in the last ten minutes, be they usual or not.
    #[serde(default)]
    recent: Option<u64>,
    /// From the first violating window until clear the baseline stays what it was.
    pub(crate) frozen: bool,
    /// The window since which it does, as far as all of them could be watched.
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

    /// Takes the baseline anew for the window `window`; says whether it changed.
    ///
    /// The recent traffic is the median pane (the element at rank floor((n - 1) / 2)) of the last ten minutes before the
    /// window, times the panes of a window. There is none before traffic has lasted for two windows (`last_arrival` is
    /// its last pane), the first of which is history then: a burst is not what is usual.
    pub(crate) fn refresh(&mut self, grid: Grid, window: Window, last_arrival: Pane) -> bool {
        let oldest = self.oldest(grid, window);
        while self.counts.front().is_some_and(|&(pane, _)| pane < oldest) {
            self.counts.pop_front();
        }
        while self.excluded.front().is_some_and(|&(_, last)| last < oldest) {
            self.excluded.pop_front();
        }
        let from = oldest.max(self.first_pane);
        let until = grid.first_pane(window);
        let excluded: i64 = self.excluded.iter().map(|&(a, b)| ((b + 1).min(until) - a.max(from)).max(0)).sum();
        let panes = until - from - excluded;
        let lasted = last_arrival.min(window.last_pane()) + 1 - self.first_pane;
        let before = (self.recent, self.baseline);
        if panes >= grid.panes() && lasted >= 2 * grid.panes() {
            self.recent = Some(self.median(panes) * grid.panes().unsigned_abs());
        } else {
            // An earlier version wrote down no more than the baseline.
            self.recent = self.recent.or(self.baseline);
        }
        self.baseline = self.recent.map(|recent| self.usual(grid, window, recent));
        (self.recent, self.baseline) != before
    }

    /// What of the recent traffic is usual.
    fn usual(&self, grid: Grid, window: Window, recent: u64) -> u64 {
        let mut usual = recent;
        // While traffic falls, the median of the last ten minutes is at no level that lasts, and too low to compare with.
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

    /// What the window is held against. Silence is no burst that ends: where a group never is silent, it is held against
    /// the recent traffic whatever is usual, and so told as early as ever.
    pub(crate) fn measure(&self, is_silent: impl FnOnce() -> bool) -> Option<u64> {
        let usual = self.baseline?;
        match self.recent {
            Some(recent) if recent > usual && usual >= STEADY && is_silent() => Some(recent),
            _ => Some(usual),
        }
    }

    /// The highest level of the last day.
    pub(crate) fn highest(&self) -> Option<u64> {
        self.memory.highest()
    }

    /// Takes in whether the traffic in `window` is low. Says whether it changed anything.
    pub(crate) fn follow(&mut self, grid: Grid, window: Window, low: bool) -> bool {
        let began = self.first_pane + grid.panes() / 2;
        self.rhythm.follow(grid, window, low, began.window_before())
    }

    /// Until which window low traffic is a usual pause.
    pub(crate) fn pauses_until(&self, grid: Grid) -> Option<Window> {
        self.rhythm.pauses_until(grid)
    }

    /// Whether the drop has become the normal level, which is the baseline then.
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

    /// Ends a window: `arrived` events leave it with its first pane. `low`: the baseline is to stay what it was.
    /// `unseen`: the window says nothing about what is usual.
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
        let mut counts: Vec<u64> =
            self.counts.iter().filter(|&&(pane, _)| !self.is_excluded(pane)).map(|&(_, n)| n).collect();
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

    /// Takes in that nothing arrived in the panes that left windows which nobody had to judge, until `window`.
    pub(crate) fn catch_up(&mut self, grid: Grid, window: Window) {
        self.remember(grid, grid.first_pane(window) - 1, 0);
    }

    /// The panes of `window` are no measure of what is usual.
    fn exclude(&mut self, grid: Grid, window: Window) {
        let (first, last) = (grid.first_pane(window), window.last_pane());
        match self.excluded.back_mut() {
            Some(range) if first <= range.1 + 1 => range.1 = range.1.max(last),
            _ => self.excluded.push_back((first, last)),
        }
    }

    /// The windows up to `window` were low like the last one.
    pub(crate) fn exclude_on(&mut self, window: Window) {
        if let Some(range) = self.excluded.back_mut() {
            range.1 = range.1.max(window.last_pane());
        }
    }

    /// Whether the baseline stays as it is for as long as the group stays empty and every window's verdict the same.
    pub(crate) fn is_steady(&self, grid: Grid, window: Window) -> bool {
        if self.frozen {
            return self.excluded.back().is_some_and(|&(_, last)| last == window.last_pane());
        }
        self.counts.is_empty() && self.excluded.is_empty() && self.first_pane <= self.oldest(grid, window)
    }
}

/// Less than 70 %: the share at which a drop counts as over, and more than day and night make of an hour.
fn is_well_below(level: u64, other: u64) -> bool {
    level * 10 < other * 7
}

#[cfg(test)]
mod tests;
