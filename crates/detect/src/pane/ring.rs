//! The panes that windows consist of.

use std::collections::VecDeque;

use sketches_ddsketch::DDSketch;

use super::{Contents, Counts, Filtered, Sketching};
use crate::rules::Selection;
use crate::units::Pane;

/// Panes in chronological order, without the empty ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ring {
    panes: VecDeque<(Pane, Contents)>,
}

impl Ring {
    pub(crate) const EMPTY: Self = Self { panes: VecDeque::new() };

    /// Returns the pane, creating it if it doesn't exist.
    pub(crate) fn pane(&mut self, pane: Pane) -> &mut Contents {
        // Events arrive nearly in order, so the pane is nearly always among the last ones.
        let mut at = self.panes.len();
        while at > 0 && self.panes[at - 1].0 > pane {
            at -= 1;
        }
        if at == 0 || self.panes[at - 1].0 != pane {
            self.panes.insert(at, (pane, Contents::default()));
            at += 1;
        }
        &mut self.panes[at - 1].1
    }

    /// Adds the panes of another ring from `from` on.
    pub(crate) fn merge(&mut self, other: &Self, from: Pane) {
        for (index, pane) in other.panes.iter().filter(|&&(index, _)| index >= from) {
            self.pane(*index).merge(pane);
        }
    }

    /// Returns the last pane that isn't empty.
    pub(crate) fn last(&self) -> Option<Pane> {
        self.panes.back().map(|&(index, _)| index)
    }

    pub(crate) fn forget_before(&mut self, pane: Pane) {
        while self.panes.front().is_some_and(|&(first, _)| first < pane) {
            self.panes.pop_front();
        }
    }

    /// Returns the first pane at or after `pane` that isn't empty.
    pub(crate) fn next(&self, pane: Pane) -> Option<Pane> {
        self.panes.iter().map(|&(index, _)| index).find(|&index| index >= pane)
    }

    pub(crate) fn get(&self, pane: Pane) -> Option<&Contents> {
        self.panes.iter().find(|&&(index, _)| index == pane).map(|(_, pane)| pane)
    }

    /// Returns the panes in `[from, until)`.
    fn range(&self, from: Pane, until: Pane) -> impl Iterator<Item = &Contents> {
        let inside = self.panes.iter().skip_while(move |&&(index, _)| index < from);
        inside.take_while(move |&&(index, _)| index < until).map(|(_, pane)| pane)
    }

    /// Returns the sum of the counts in the panes `[from, until)`.
    pub(crate) fn sum(&self, from: Pane, until: Pane) -> Counts {
        let mut sum = Counts::default();
        for pane in self.range(from, until) {
            sum.add(&pane.counts);
        }
        sum
    }

    /// Returns the sum of each filter's tally in the panes `[from, until)`.
    pub(crate) fn filtered(&self, from: Pane, until: Pane) -> Filtered {
        let mut sums = Filtered::default();
        for pane in self.range(from, until) {
            for (sum, tally) in sums.iter_mut().zip(&pane.filtered) {
                sum.add(tally);
            }
        }
        sums
    }

    /// Returns the quantile (0 to 1) of a selection's latencies in the panes `[from, until)`, in milliseconds: the
    /// element at rank floor(q (n - 1)), within 1 %.
    pub(crate) fn quantile(
        &self,
        sketching: &Sketching,
        (from, until): (Pane, Pane),
        selection: Selection,
        quantile: f64,
    ) -> Option<f64> {
        let mut merged = DDSketch::new(sketching.config);
        let buckets = self.range(from, until).flat_map(|pane| &pane.buckets);
        for &((_, bucket), count) in buckets.filter(|((of, _), _)| *of == selection) {
            merged.add_with_count(sketching.config.value(i32::from(bucket)), u64::from(count));
        }
        merged.quantile(quantile).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LONGEST_MS, SHORTEST_MS};
    use super::*;

    #[test]
    fn quantiles_are_within_one_percent_of_the_element_at_the_rank() {
        let sketching = Sketching::new();
        let mut ring = Ring::default();
        let latencies: Vec<f64> = (1..=1_000).map(|i| f64::from(i) * f64::from(i) / 50.0).collect();
        for (i, &latency) in latencies.iter().enumerate() {
            ring.pane(Pane(i as i64 % 12)).add_to_bucket((Selection::ALL, sketching.bucket(latency)), 1);
        }
        for (quantile, rank) in [(0.0, 0), (0.5, 499), (0.95, 949), (0.99, 989), (1.0, 999)] {
            let value = ring.quantile(&sketching, (Pane(0), Pane(12)), Selection::ALL, quantile).unwrap();
            let exact: f64 = latencies[rank];
            assert!((value - exact).abs() <= 0.0101 * exact, "q {quantile}: {value}, exactly {exact}");
        }
    }

    #[test]
    fn latencies_out_of_bounds_are_counted_at_the_bound() {
        let sketching = Sketching::new();
        for (latency, counted) in [(0.0, SHORTEST_MS), (1e-300, SHORTEST_MS), (f64::MAX, LONGEST_MS)] {
            let mut ring = Ring::default();
            ring.pane(Pane(0)).add_to_bucket((Selection::ALL, sketching.bucket(latency)), 1);
            let value = ring.quantile(&sketching, (Pane(0), Pane(1)), Selection::ALL, 0.5).unwrap();
            assert!((value - counted).abs() <= 0.02 * counted, "{latency} became {value}");
        }
    }

    #[test]
    fn panes_are_in_chronological_order_whatever_order_they_are_filled_in() {
        let mut ring = Ring::default();
        for pane in [5, 3, 9, 3, 4] {
            ring.pane(Pane(pane)).counts.events += 1;
        }
        assert_eq!(ring.sum(Pane(3), Pane(5)).events, 3);
        assert_eq!(ring.next(Pane(6)), Some(Pane(9)));
        ring.forget_before(Pane(5));
        assert_eq!(ring.sum(Pane(0), Pane(100)).events, 2);
    }
}
