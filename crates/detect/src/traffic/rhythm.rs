//! Pauses that recur regularly, such as those of a job that runs three minutes of every five.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::grid::Grid;
use crate::units::{Span, Window};

/// Longer stretches of traffic and longer pauses are not part of a rhythm.
const LONGEST: Span = Span::hours(2);
/// A pause shorter than the preceding traffic divided by this is a recurring fault, not a rhythm.
const LEAST_SHARE: i64 = 5;

/// Windows at which traffic came and fell, alternately, beginning with one at which it came. At most two stretches of
/// each, and the start of a third one of traffic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rhythm(VecDeque<Window>);

impl Rhythm {
    /// Creates a rhythm with usual traffic since the window `came`.
    pub(crate) fn from(came: Window) -> Self {
        Self(VecDeque::from([came]))
    }

    fn is_low(&self) -> bool {
        self.0.len().is_multiple_of(2) && !self.0.is_empty()
    }

    /// Observes whether the traffic in `window` is low. `began` is the window at which the group's first half window
    /// was complete. Returns whether anything changed.
    pub(crate) fn follow(&mut self, grid: Grid, window: Window, low: bool, began: Window) -> bool {
        if self.0.is_empty() {
            self.0.push_back(began);
        }
        if low == self.is_low() {
            return false;
        }
        match self.0.back() {
            // Traffic was back for less than half a window: it is the same pause.
            Some(&came) if low && self.0.len() > 1 && window - came < grid.panes() / 2 => {
                self.0.pop_back();
            }
            _ => self.0.push_back(window),
        }
        if self.0.len() > 5 {
            self.0.drain(..2);
        }
        true
    }

    /// Returns the last window for which the current pause is usual: it came as long after the last one as that one
    /// came after the one before, and lasts no longer than the last one.
    pub(crate) fn pauses_until(&self, grid: Grid) -> Option<Window> {
        let [came, fell, came_again, fell_again] = *self.0.iter().copied().collect::<Vec<_>>() else { return None };
        let (traffic, pause, traffic_again) = (fell - came, came_again - fell, fell_again - came_again);
        let is_short = traffic.max(pause) <= grid.hops(LONGEST);
        let is_share = pause * LEAST_SHARE >= traffic;
        let is_alike = (traffic_again - traffic).abs() <= tolerance(grid, traffic);
        (is_short && is_share && is_alike).then(|| fell_again + pause + tolerance(grid, pause))
    }
}

/// Returns a tenth, but at least two hops, because the edges of windows are rounded to hops, and at most one window.
fn tolerance(grid: Grid, windows: i64) -> i64 {
    (windows / 10).clamp(2, grid.panes().max(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows alternating stretches of traffic and pauses, in windows. Returns the last window for which the final
    /// pause is usual, counted from its start.
    fn usual_pause(stretches: &[i64]) -> Option<i64> {
        let grid = Grid::new(Span(5_000), 12);
        let (mut rhythm, mut window) = (Rhythm::default(), Window(0));
        for (index, stretch) in stretches.iter().enumerate() {
            for _ in 0..*stretch {
                rhythm.follow(grid, window, index % 2 == 1, Window(0));
                window += 1;
            }
        }
        rhythm.follow(grid, window, true, Window(0));
        rhythm.pauses_until(grid).map(|until| until - window)
    }

    #[test]
    fn a_second_pause_after_the_same_time_is_usual_for_as_long_as_the_first() {
        assert_eq!(usual_pause(&[36]), None);
        assert_eq!(usual_pause(&[36, 24, 36]), Some(24 + 2));
        assert_eq!(usual_pause(&[36, 24, 39]), Some(24 + 2));
        assert_eq!(usual_pause(&[36, 24, 40]), None);
        assert_eq!(usual_pause(&[36, 24, 20, 30, 20]), Some(30 + 3));
    }

    #[test]
    fn a_repeated_outage_is_not_a_rhythm() {
        assert_eq!(usual_pause(&[400, 24, 60]), None, "the traffic before lasted longer");
        assert_eq!(usual_pause(&[120, 23, 120]), None, "the pause is short beside the traffic");
        assert_eq!(usual_pause(&[1_500, 600, 1_500]), None, "hours");
    }

    #[test]
    fn traffic_that_comes_back_for_a_moment_does_not_end_a_pause() {
        assert_eq!(usual_pause(&[36, 10, 4, 10, 36]), Some(24 + 2));
    }
}
