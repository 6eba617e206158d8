//! The counts of one hop of time.

mod ring;

use sketches_ddsketch::Config;
use tidewatch_contract::RequestView;

use crate::rules::{Filter, LatencyCounters, MAX_FILTERS, MAX_LATENCY_RULES, Selection, Selections};

pub(crate) use self::ring::Ring;

/// Relative error of the sketch (Masson et al., "DDSketch", VLDB 2019).
const RELATIVE_ERROR: f64 = 0.01;
/// Latencies outside 0.01 ms to 1 h are counted at the nearer bound.
const SHORTEST_MS: f64 = 0.01;
const LONGEST_MS: f64 = 3_600_000.0;
/// Buckets of 1 % between the bounds: ln(3.6e8) / ln(1.01 / 0.99) = 985.
const MAX_BUCKETS: u32 = 1_024;

/// A response that succeeds after this long is treated as a connection held open (server-sent events, long polling),
/// unless most of them are. See ADR 17.
pub(crate) const HELD_MS: f64 = 30_000.0;

/// The request counts of one selection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Number of requests.
    pub(crate) events: u64,
    /// Number of these requests with a known latency.
    pub(crate) timed: u64,
    /// Number of those with a known latency that succeeded after [`HELD_MS`] or longer.
    pub(crate) held: u64,
    /// Number of requests that failed.
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

/// The event counts that rules use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Number of events that arrived in time.
    pub(crate) events: u64,
    /// Number of these events with a known latency.
    pub(crate) timed: u64,
    /// Number of those with a known latency that succeeded after [`HELD_MS`] or longer.
    pub(crate) held: u64,
    /// Number of events that arrived in time and failed.
    pub(crate) errors: u64,
    /// Number of latencies over the limit, per latency rule.
    pub(crate) slow: [u64; MAX_LATENCY_RULES],
    /// Number of latencies over the clear level, per latency rule.
    pub(crate) over_clear: [u64; MAX_LATENCY_RULES],
    /// Number of events that arrived here and were late, from the future or too old.
    pub(crate) misdated: u64,
    /// Whether any of the events were replayed.
    pub(crate) replayed: bool,
}

impl Counts {
    /// Returns the number of events that arrived, regardless of their own time.
    pub(crate) fn arrived(&self) -> u64 {
        self.events + self.misdated
    }

    /// Returns the tally of all requests that arrived in time.
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

/// The tally of each filter.
pub(crate) type Filtered = [Tally; MAX_FILTERS];

/// The counts of one hop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    pub(crate) counts: Counts,
    /// The tally per filter; empty if there are no filters.
    filtered: Vec<Tally>,
    /// The DDSketch of the latencies, sparse and sorted: for a quiet group it takes a hundredth of the memory of a
    /// dense one. Filters used by latency rules have their own buckets in addition to those of all requests.
    buckets: Vec<((Selection, i16), u32)>,
}

impl Contents {
    /// Counts an event that arrived in time.
    pub(crate) fn count(
        &mut self,
        event: &RequestView<'_>,
        latency: &LatencyCounters,
        filters: &[Filter],
        sketching: &Sketching,
    ) {
        let is_error = event.is_error();
        // The latency of an interim response (101: a WebSocket) is the lifetime of a connection; nobody waited for it.
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

/// The mapping of latencies to buckets, the same for all panes so that they can be merged.
#[derive(Debug, Clone)]
pub(crate) struct Sketching {
    config: Config,
}

impl Sketching {
    pub(crate) fn new() -> Self {
        Self { config: Config::new(RELATIVE_ERROR, MAX_BUCKETS, SHORTEST_MS / 2.0) }
    }

    fn bucket(&self, latency_ms: f64) -> i16 {
        // Between -231 and 755, because of the bounds.
        self.config.key(latency_ms.clamp(SHORTEST_MS, LONGEST_MS)) as i16
    }
}
