//! A latency histogram with classic buckets, and the latest exemplar of each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::names::LATENCY_BOUNDS;

/// The number of buckets, including the last one, which has no upper bound.
pub(crate) const BUCKETS: usize = LATENCY_BOUNDS.len() + 1;
/// The most that one event adds to the sum: an hour, in milliseconds. An absurd latency must not dominate the sum.
const MOST_MS: f64 = 3_600_000.0;

/// Counts per bucket (not cumulative) and the sum, as integers, so that the sum is exact and the same after a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) buckets: [u64; BUCKETS],
    pub(crate) sum_ns: u64,
}

impl Latency {
    /// Counts a latency in milliseconds, and returns the index of its bucket.
    pub(crate) fn observe(&mut self, latency_ms: f64) -> usize {
        let seconds = latency_ms / 1000.0;
        let bucket = LATENCY_BOUNDS.partition_point(|bound| *bound < seconds);
        self.buckets[bucket] += 1;
        self.sum_ns = self.sum_ns.saturating_add((latency_ms.min(MOST_MS) * 1e6) as u64);
        bucket
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (bucket, count) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket += count;
        }
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
    }
}

/// An example trace of a bucket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) trace_id: String,
    pub(crate) seconds: f64,
    pub(crate) at: Timestamp,
}

impl Exemplar {
    /// Replaces an exemplar, if the trace id is valid: up to 32 hexadecimal digits.
    pub(crate) fn put(place: &mut Option<Self>, trace_id: &str, latency_ms: f64, at: Timestamp) {
        let legal = (1..=32).contains(&trace_id.len()) && trace_id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !legal {
            return;
        }
        // Reuse the memory of the earlier one: nearly every event has a trace id.
        let mut text = place.take().map(|earlier| earlier.trace_id).unwrap_or_default();
        text.clear();
        text.push_str(trace_id);
        *place = Some(Self { trace_id: text, seconds: latency_ms / 1000.0, at });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_equal_to_a_bound_is_within_it() {
        let mut latency = Latency::default();
        for (index, bound) in LATENCY_BOUNDS.iter().enumerate() {
            assert_eq!(latency.observe(bound * 1000.0), index);
            assert_eq!(latency.observe(bound * 1000.0 + 0.001), index + 1);
        }
    }

    #[test]
    fn the_objective_of_half_a_second_is_a_bound_and_bounds_rise() {
        assert!(LATENCY_BOUNDS.contains(&0.5));
        assert!(LATENCY_BOUNDS.is_sorted());
    }

    #[test]
    fn absurd_latencies_are_counted_without_distorting_the_sum() {
        let mut latency = Latency::default();
        assert_eq!(latency.observe(f64::MAX), BUCKETS - 1);
        assert_eq!(latency.sum_ns, 3_600_000_000_000);
    }

    #[test]
    fn only_hexadecimal_trace_ids_become_exemplars() {
        let mut place = None;
        for trace_id in ["", "a\"} 1", "0af7651916cd43dd8448eb211c80319c0", "not-hex"] {
            Exemplar::put(&mut place, trace_id, 1.0, Timestamp::UNIX_EPOCH);
            assert_eq!(place, None);
        }
        for trace_id in ["0af7651916cd43dd8448eb211c80319c", "0af7"] {
            Exemplar::put(&mut place, trace_id, 1.0, Timestamp::UNIX_EPOCH);
            assert_eq!(place.as_ref().unwrap().trace_id, trace_id);
        }
    }
}
