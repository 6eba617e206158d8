//! What a window says about a rule.
//!
//! Verdicts come from the panes' counters alone and are exact; the sketch only gives the number that a person reads.
//! P99 is over the limit if and only if the element at rank floor(0.99 (n - 1)) is, which is to say if and only if at
//! least n - floor(0.99 (n - 1)) latencies are over it: so it takes a counter of those, and no sketch need be merged
//! at each hop. Near the limit, where the sketch's 1 % could say otherwise, the number is moved to the verdict's side.

use crate::lifecycle::Verdict;
use crate::pane::Counts;
use crate::rules::{Kind, PPM};

/// What a rule looks at in one window of one group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) counts: Counts,
    /// Malformed records of the group's service: each group of the service may have sent them.
    pub(crate) unattributed: u64,
    /// Usual events a window.
    pub(crate) baseline: Option<u64>,
    /// Records of this window were lost.
    pub(crate) partial: bool,
    /// Nobody watched, and nobody sent: what arrived says nothing.
    pub(crate) unwatched: bool,
    pub(crate) firing: bool,
}

pub(crate) fn judge(kind: &Kind, window: &Window) -> Verdict {
    let counts = &window.counts;
    if window.partial || kind.is_about_arrival() && (counts.replayed || window.unwatched) {
        return Verdict::Unknown;
    }
    match *kind {
        Kind::Latency { quantile_ppm, min_events, min_bad, counter, .. } => {
            if counts.timed < min_events.max(1) {
                return Verdict::Unknown;
            }
            let rank = quantile_ppm * (counts.timed - 1) / PPM;
            let slow = counts.slow[counter];
            violating_if(slow >= min_bad && slow >= counts.timed - rank)
        }
        Kind::ErrorRate { limit_ppm, min_events, min_bad } => {
            if counts.events < min_events {
                return Verdict::Unknown;
            }
            violating_if(counts.errors >= min_bad && counts.errors * PPM > limit_ppm * counts.events)
        }
        Kind::TrafficDrop { limit_ppm, clear_ppm, min_baseline } => {
            let Some(baseline) = window.baseline.filter(|&baseline| baseline >= min_baseline) else {
                return Verdict::Unknown;
            };
            let arrived = counts.arrived() + window.unattributed;
            if arrived * PPM < limit_ppm * baseline {
                Verdict::Violating
            } else if window.firing && arrived * PPM <= clear_ppm * baseline {
                Verdict::Between
            } else {
                Verdict::Clean
            }
        }
        Kind::ClockSkew { limit_ppm, min_events } => {
            if counts.arrived() < min_events {
                return Verdict::Unknown;
            }
            violating_if(counts.misdated * PPM > limit_ppm * counts.arrived())
        }
    }
}

fn violating_if(violating: bool) -> Verdict {
    if violating { Verdict::Violating } else { Verdict::Clean }
}

/// What the value is held against, in its unit.
pub(crate) fn threshold(kind: &Kind, baseline: Option<u64>) -> f64 {
    match *kind {
        Kind::Latency { limit_ms, .. } => limit_ms,
        Kind::ErrorRate { limit_ppm, .. } | Kind::ClockSkew { limit_ppm, .. } => share(limit_ppm, PPM),
        Kind::TrafficDrop { limit_ppm, .. } => share(limit_ppm * baseline.unwrap_or(0), PPM),
    }
}

/// What was measured: milliseconds, a share of 1, or events. None: nothing to measure. `quantile` asks the sketch.
pub(crate) fn value(kind: &Kind, window: &Window, quantile: impl FnOnce(f64) -> Option<f64>) -> Option<f64> {
    let counts = &window.counts;
    match *kind {
        Kind::Latency { quantile_ppm, limit_ms, counter, .. } => {
            let value = quantile(share(quantile_ppm, PPM))?;
            let rank = quantile_ppm * (counts.timed - 1) / PPM;
            let over = counts.slow[counter] >= counts.timed - rank;
            // One percent over the limit is within the sketch's error, and reads as over it when rounded.
            Some(if over { value.max(limit_ms * 1.01) } else { value.min(limit_ms) })
        }
        Kind::ErrorRate { .. } => (counts.events > 0).then(|| share(counts.errors, counts.events)),
        Kind::TrafficDrop { .. } => Some((counts.arrived() + window.unattributed) as f64),
        Kind::ClockSkew { .. } => (counts.arrived() > 0).then(|| share(counts.misdated, counts.arrived())),
    }
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(min_events: u64, min_bad: u64) -> Kind {
        Kind::Latency { quantile_ppm: 990_000, limit_ms: 500.0, min_events, min_bad, counter: 0 }
    }

    fn window(timed: u64, slow: u64) -> Window {
        let counts = Counts { events: timed, timed, slow: [slow, 0, 0, 0], ..Counts::default() };
        Window { counts, unattributed: 0, baseline: None, partial: false, unwatched: false, firing: false }
    }

    #[test]
    fn counting_agrees_with_the_element_at_the_rank_for_every_size_and_share() {
        for n in 1..=400_u64 {
            let rank = 99 * (n - 1) / 100;
            for slow in 0..=n {
                let element_is_slow = rank >= n - slow;
                let violating = judge(&latency(1, 1), &window(n, slow)) == Verdict::Violating;
                assert_eq!(violating, element_is_slow && slow > 0, "{slow} slow of {n}");
            }
        }
    }

    #[test]
    fn the_number_never_contradicts_the_verdict() {
        let value = |slow, sketch| value(&latency(1, 1), &window(400, slow), |_| Some(sketch)).unwrap();
        assert!(value(5, 497.0) > 500.0);
        assert!(value(4, 503.0) <= 500.0);
        assert_eq!(value(5, 812.0), 812.0);
    }
}
