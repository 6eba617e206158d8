//! How much traffic is usual for a group.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::grid::Grid;

/// How far the baseline looks back before the window.
const HISTORY_MS: i64 = 10 * 60 * 1_000;

/// The baseline of a group and the panes that it is taken from. Pane numbers count hops since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// The first pane of the group.
    pub(crate) first_pane: i64,
    /// Events that arrived, pane by pane, of the panes that have left the window; those without any are left out.
    pub(crate) counts: VecDeque<(i64, u64)>,
    /// Ranges of panes, both ends inclusive, that are no measure: of windows that violated, were partial or replayed.
    pub(crate) excluded: VecDeque<(i64, i64)>,
    /// Usual events a window; the last one known while there is too little history.
    pub(crate) baseline: Option<u64>,
    /// From the first violating window until clear the baseline stays what it was.
    pub(crate) frozen: bool,
}

impl Traffic {
    pub(crate) fn new(first_pane: i64) -> Self {
        Self { first_pane, ..Self::default() }
    }

    /// Takes the baseline anew for the window `window`; says whether it changed.
    ///
    /// It is the median pane (the element at rank floor((n - 1) / 2)) of the last ten minutes before the window, times
    /// the panes of a window. There is none before traffic has lasted for two windows (`last_arrival` is its last pane),
    /// the first of which is history then: a burst is not what is usual.
    pub(crate) fn refresh(&mut self, grid: Grid, window: i64, last_arrival: i64) -> bool {
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
        let lasted = last_arrival.min(window - 1) + 1 - self.first_pane;
        if panes < grid.panes() || lasted < 2 * grid.panes() {
            return false;
        }
        let before = self.baseline;
        self.baseline = Some(self.median(panes) * grid.panes().unsigned_abs());
        self.baseline != before
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

    fn is_excluded(&self, pane: i64) -> bool {
        self.excluded.iter().any(|&(first, last)| (first..=last).contains(&pane))
    }

    fn oldest(&self, grid: Grid, window: i64) -> i64 {
        grid.first_pane(window) - grid.hops(HISTORY_MS)
    }

    /// Takes in a pane that has left the window.
    pub(crate) fn remember(&mut self, pane: i64, arrived: u64) {
        if arrived > 0 && pane >= self.first_pane {
            self.counts.push_back((pane, arrived));
        }
    }

    /// The panes of `window` are no measure of what is usual.
    pub(crate) fn exclude(&mut self, grid: Grid, window: i64) {
        let (first, last) = (grid.first_pane(window), window - 1);
        match self.excluded.back_mut() {
            Some(range) if first <= range.1 + 1 => range.1 = range.1.max(last),
            _ => self.excluded.push_back((first, last)),
        }
    }

    /// The windows up to `window` violated like the last one.
    pub(crate) fn exclude_on(&mut self, window: i64) {
        if let Some(range) = self.excluded.back_mut() {
            range.1 = range.1.max(window - 1);
        }
    }

    /// Whether the baseline stays as it is for as long as the group stays empty and every window's verdict the same.
    pub(crate) fn is_steady(&self, grid: Grid, window: i64) -> bool {
        if self.frozen {
            return self.excluded.back().is_some_and(|&(_, last)| last == window - 1);
        }
        self.counts.is_empty() && self.excluded.is_empty() && self.first_pane <= self.oldest(grid, window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid::new(5_000, 12)
    }

    fn traffic(counts: &[u64]) -> Traffic {
        let mut traffic = Traffic::new(0);
        for (pane, &count) in (0..).zip(counts) {
            traffic.remember(pane, count);
        }
        traffic
    }

    #[test]
    fn there_is_no_baseline_before_two_minutes_and_the_median_pane_from_then_on() {
        let mut traffic = traffic(&[10; 12]);
        traffic.refresh(grid(), 23, 23);
        assert_eq!(traffic.baseline, None);
        traffic.refresh(grid(), 24, 22);
        assert_eq!(traffic.baseline, None);
        traffic.refresh(grid(), 24, 23);
        assert_eq!(traffic.baseline, Some(120));
    }

    #[test]
    fn panes_without_events_count_as_zero() {
        let mut traffic = traffic(&[10, 0, 0, 10, 0, 0, 10, 0, 0, 10, 0, 0]);
        traffic.refresh(grid(), 24, 23);
        assert_eq!(traffic.baseline, Some(0));
    }

    #[test]
    fn only_the_last_ten_minutes_count() {
        let mut counts = vec![10; 120];
        counts.extend([30; 61]);
        let mut traffic = traffic(&counts);
        traffic.refresh(grid(), 181 + 12, 200);
        assert_eq!(traffic.baseline, Some(360));
    }

    #[test]
    fn excluded_panes_do_not_count_and_the_last_baseline_stays_where_too_few_are_left() {
        let mut traffic = traffic(&[10; 12]);
        traffic.refresh(grid(), 24, 23);
        for window in 24..200 {
            traffic.exclude(grid(), window);
            traffic.remember(window - 12, 1);
        }
        traffic.refresh(grid(), 200, 200);
        assert_eq!(traffic.baseline, Some(120));
        assert_eq!(traffic.excluded.len(), 1);
    }
}
