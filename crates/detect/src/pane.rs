//! What is counted in one hop of time, and the ring of panes that windows are made of.

use std::collections::VecDeque;

use sketches_ddsketch::{Config, DDSketch};
use tidewatch_contract::RequestView;

use crate::rules::{Filter, LatencyCounters, MAX_FILTERS, MAX_LATENCY_RULES, Selection, Selections};
use crate::units::Pane;

/// Relative error of the sketch (Masson et al., "DDSketch", VLDB 2019).
const RELATIVE_ERROR: f64 = 0.01;
/// Latencies outside of 0.01 ms to 1 h are counted at the nearer bound.
const SHORTEST_MS: f64 = 0.01;
const LONGEST_MS: f64 = 3_600_000.0;
/// Buckets of 1 % between the bounds: ln(3.6e8) / ln(1.01 / 0.99) = 985.
const MAX_BUCKETS: u32 = 1_024;

/// A response that succeeds after this long was a connection held open (server-sent events, long polling), unless most
/// are. See ADR 17.
pub(crate) const HELD_MS: f64 = 30_000.0;

/// How many requests of one selection there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Requests.
    pub(crate) events: u64,
    /// Those of them whose latency is known.
    pub(crate) timed: u64,
    /// Those of these that succeeded after [`HELD_MS`] or longer.
    pub(crate) held: u64,
    /// Requests that failed.
    pub(crate) errors: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.timed += other.timed;
        self.held += other.held;
        self.errors += other.errors;
    }
}

/// What rules count of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Events in time.
    pub(crate) events: u64,
    /// Those of them whose latency is known.
    pub(crate) timed: u64,
    /// Those of these that succeeded after [`HELD_MS`] or longer.
    pub(crate) held: u64,
    /// Events in time that failed.
    pub(crate) errors: u64,
    /// Latencies over the limit of each latency rule.
    pub(crate) slow: [u64; MAX_LATENCY_RULES],
    /// Latencies over its clear level.
    pub(crate) over_clear: [u64; MAX_LATENCY_RULES],
    /// Events that arrived here and were late, from the future or too old.
    pub(crate) misdated: u64,
    /// Some of all these were replayed.
    pub(crate) replayed: bool,
}

impl Counts {
    /// Events that arrived, whenever they claim to have happened.
    pub(crate) fn arrived(&self) -> u64 {
        self.events + self.misdated
    }

    /// All requests in time.
    pub(crate) fn tally(&self) -> Tally {
        Tally { events: self.events, timed: self.timed, held: self.held, errors: self.errors }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.timed += other.timed;
        self.held += other.held;
        self.errors += other.errors;
        for (sum, count) in self.slow.iter_mut().zip(other.slow) {
            *sum += count;
        }
        for (sum, count) in self.over_clear.iter_mut().zip(other.over_clear) {
            *sum += count;
        }
        self.misdated += other.misdated;
        self.replayed |= other.replayed;
    }
}

/// The requests that each filter takes.
pub(crate) type Filtered = [Tally; MAX_FILTERS];

/// What happened in one hop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    pub(crate) counts: Counts,
    /// By filter; empty where there are none.
    filtered: Vec<Tally>,
    /// The latencies' DDSketch, sparse and sorted: a pane of a quiet group takes a hundredth of the dense one. Those of
    /// filters that latency rules name are kept beside that of all requests.
    buckets: Vec<((Selection, i16), u32)>,
}

impl Contents {
    /// Counts an event in time.
    pub(crate) fn count(
        &mut self,
        event: &RequestView<'_>,
        latency: &LatencyCounters,
        filters: &[Filter],
        sketching: &Sketching,
    ) {
        let is_error = event.is_error();
        // An interim response (101: a WebSocket) says how long a connection lived, not how long anybody waited.
        let known = event.latency_ms.filter(|_| event.status_code / 100 != 1);
        let is_held = known.is_some_and(|ms| ms >= HELD_MS) && event.status_code < 400 && !is_error;
        self.counts.events += 1;
        self.counts.errors += u64::from(is_error);
        let mut selections = Selections::ALL_REQUESTS;
        if !filters.is_empty() {
            let (timed, held) = (u64::from(known.is_some()), u64::from(is_held));
            let one = Tally { events: 1, timed, held, errors: u64::from(is_error) };
            self.filtered.resize(filters.len(), Tally::default());
            for (index, (filter, tally)) in filters.iter().zip(&mut self.filtered).enumerate() {
                if filter.takes(event) {
                    tally.add(&one);
                    selections.insert(Selection::of_filter(index));
                }
            }
        }
        let Some(ms) = known else { return };
        self.counts.timed += 1;
        self.counts.held += u64::from(is_held);
        for index in 0..MAX_LATENCY_RULES {
            let is_selected = selections.contains(latency.selections[index]);
            self.counts.slow[index] += u64::from(is_selected && ms > latency.limits_ms[index]);
            self.counts.over_clear[index] += u64::from(is_selected && ms > latency.clears_ms[index]);
        }
        let bucket = sketching.bucket(ms);
        self.add_to_bucket((Selection::ALL, bucket), 1);
        for selection in (0..filters.len()).map(Selection::of_filter) {
            if selections.contains(selection) && latency.selections.contains(&selection) {
                self.add_to_bucket((selection, bucket), 1);
            }
        }
    }

    fn add_to_bucket(&mut self, bucket: (Selection, i16), count: u32) {
        match self.buckets.binary_search_by_key(&bucket, |&(key, _)| key) {
            Ok(at) => self.buckets[at].1 = self.buckets[at].1.saturating_add(count),
            Err(at) => self.buckets.insert(at, (bucket, count)),
        }
    }

    fn merge(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        self.filtered.resize(self.filtered.len().max(other.filtered.len()), Tally::default());
        for (sum, tally) in self.filtered.iter_mut().zip(&other.filtered) {
            sum.add(tally);
        }
        for &(bucket, count) in &other.buckets {
            self.add_to_bucket(bucket, count);
        }
    }
}

/// Panes in the order of time; those where nothing happened are left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ring {
    panes: VecDeque<(Pane, Contents)>,
}

impl Ring {
    pub(crate) const EMPTY: Self = Self { panes: VecDeque::new() };

    /// The pane, made where it is missing.
    pub(crate) fn pane(&mut self, pane: Pane) -> &mut Contents {
        // Events come nearly in order: what is looked for is nearly always among the last.
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

    /// Adds what another ring has at or after `from`.
    pub(crate) fn merge(&mut self, other: &Self, from: Pane) {
        for (index, pane) in other.panes.iter().filter(|&&(index, _)| index >= from) {
            self.pane(*index).merge(pane);
        }
    }

    /// The last pane in which something happened.
    pub(crate) fn last(&self) -> Option<Pane> {
        self.panes.back().map(|&(index, _)| index)
    }

    pub(crate) fn forget_before(&mut self, pane: Pane) {
        while self.panes.front().is_some_and(|&(first, _)| first < pane) {
            self.panes.pop_front();
        }
    }

    /// The first pane at or after `pane` in which something happened.
    pub(crate) fn next(&self, pane: Pane) -> Option<Pane> {
        self.panes.iter().map(|&(index, _)| index).find(|&index| index >= pane)
    }

    pub(crate) fn get(&self, pane: Pane) -> Option<&Contents> {
        self.panes.iter().find(|&&(index, _)| index == pane).map(|(_, pane)| pane)
    }

    /// The panes in `[from, until)`.
    fn range(&self, from: Pane, until: Pane) -> impl Iterator<Item = &Contents> {
        let inside = self.panes.iter().skip_while(move |&&(index, _)| index < from);
        inside.take_while(move |&&(index, _)| index < until).map(|(_, pane)| pane)
    }

    /// Everything counted in the panes `[from, until)`.
    pub(crate) fn sum(&self, from: Pane, until: Pane) -> Counts {
        let mut sum = Counts::default();
        for pane in self.range(from, until) {
            sum.add(&pane.counts);
        }
        sum
    }

    /// What each filter takes in the panes `[from, until)`.
    pub(crate) fn filtered(&self, from: Pane, until: Pane) -> Filtered {
        let mut sums = Filtered::default();
        for pane in self.range(from, until) {
            for (sum, tally) in sums.iter_mut().zip(&pane.filtered) {
                sum.add(tally);
            }
        }
        sums
    }

    /// The quantile (0 to 1) of a selection's latencies in the panes `[from, until)`, in milliseconds: the element at rank
    /// floor(q (n - 1)), within 1 %.
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

/// How latencies become buckets: one for all panes, so that they can be merged.
#[derive(Debug, Clone)]
pub(crate) struct Sketching {
    config: Config,
}

impl Sketching {
    pub(crate) fn new() -> Self {
        Self { config: Config::new(RELATIVE_ERROR, MAX_BUCKETS, SHORTEST_MS / 2.0) }
    }

    fn bucket(&self, latency_ms: f64) -> i16 {
        // Between -231 and 755 by the bounds.
        self.config.key(latency_ms.clamp(SHORTEST_MS, LONGEST_MS)) as i16
    }
}

#[cfg(test)]
mod tests {
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
    fn panes_are_kept_in_the_order_of_time_whatever_order_they_are_filled_in() {
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
