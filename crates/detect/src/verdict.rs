//! What a window says about a rule.
//!
//! Verdicts come from the panes' counters alone and are exact; the sketch only gives the number that a person reads.
//! P99 is over the limit if and only if the element at rank floor(0.99 (n - 1)) is, which is to say if and only if at
//! least n - floor(0.99 (n - 1)) latencies are over it: so it takes a counter of those, and no sketch need be merged
//! at each hop. Near the limit, where the sketch's 1 % could say otherwise, the number is moved to the verdict's side.

use crate::bound;
use crate::lifecycle::Verdict;
use crate::pane::{Counts, Filtered, HELD_MS, Tally};
use crate::rules::{Evidence, Kind, PPM, Selection};

/// With fewer requests than this an alert is not resolved as clean: they may be clean by chance.
const FEWEST: u64 = 5;

/// What a rule looks at in one window of one group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) counts: Counts,
    pub(crate) filtered: Filtered,
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

impl Seen {
    /// The requests that a rule looks at.
    fn of(&self, selection: Selection) -> Tally {
        selection.filter().map_or_else(|| self.counts.tally(), |filter| self.filtered[filter])
    }
}

pub(crate) fn judge(kind: &Kind, window: &Seen) -> Verdict {
    let counts = &window.counts;
    if window.partial || kind.is_about_arrival() && (counts.replayed || window.unwatched) {
        return Verdict::Unknown;
    }
    match kind {
        Kind::Latency { .. } | Kind::ErrorRate { .. } => {
            Requests::of(kind, window).map_or(Verdict::Unknown, |requests| requests.judge(window.firing))
        }
        &Kind::TrafficDrop { limit_ppm, clear_ppm, min_baseline } => {
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
        &Kind::ClockSkew { limit_ppm, clear_ppm, min_events } => {
            if counts.arrived() < min_events {
                return Verdict::Unknown;
            }
            let is_over = |share| counts.misdated * PPM > share * counts.arrived();
            below_limit_unless(is_over(limit_ppm), is_over(clear_ppm), window.firing)
        }
    }
}

fn below_limit_unless(violating: bool, over_clear: bool, firing: bool) -> Verdict {
    match (violating, over_clear) {
        (true, _) => Verdict::Violating,
        (false, true) if firing => Verdict::Within,
        (false, _) => Verdict::Clean,
    }
}

/// The requests that a rule about latency or errors looks at, and how many of them are bad.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Requests {
    evidence: Evidence,
    /// Share of bad ones that is allowed.
    limit_ppm: u64,
    pub(crate) of: u64,
    pub(crate) bad: u64,
    over_limit: bool,
    over_clear: bool,
}

impl Requests {
    /// None: the rule is about something else, or there are no requests.
    pub(crate) fn of(kind: &Kind, window: &Seen) -> Option<Self> {
        let counts = &window.counts;
        match *kind {
            Kind::Latency { quantile_ppm, evidence, counter, selection, .. } => {
                let tally = window.of(selection);
                let held = held(kind, &tally);
                let of = tally.timed - held;
                let allowed = of - rank(quantile_ppm, of)?;
                let bad = counts.slow[counter] - held;
                let over_clear = counts.over_clear[counter] - held >= allowed;
                let limit_ppm = PPM - quantile_ppm;
                Some(Self { evidence, limit_ppm, of, bad, over_limit: bad >= allowed, over_clear })
            }
            Kind::ErrorRate { limit_ppm, clear_ppm, evidence, selection } => {
                let tally = window.of(selection);
                let is_over = |share| tally.errors * PPM > share * tally.events;
                let (of, bad) = (tally.events, tally.errors);
                let (over_limit, over_clear) = (is_over(limit_ppm), is_over(clear_ppm));
                (of > 0).then_some(Self { evidence, limit_ppm, of, bad, over_limit, over_clear })
            }
            Kind::TrafficDrop { .. } | Kind::ClockSkew { .. } => None,
        }
    }

    fn judge(&self, firing: bool) -> Verdict {
        let Evidence { min_events, min_bad, low_traffic_min_bad } = self.evidence;
        if self.of >= min_events {
            return below_limit_unless(self.over_limit && self.bad >= min_bad, self.over_clear, firing);
        }
        if self.bad >= low_traffic_min_bad && bound::lies_above(self.limit_ppm, self.bad, self.of) {
            return Verdict::Violating;
        }
        // Few good ones don't prove that all is well; they end what few bad ones began.
        if !firing || self.of < FEWEST {
            return Verdict::Unknown;
        }
        below_limit_unless(false, self.over_clear, firing)
    }
}

/// Connections held open that a latency rule leaves out: none where they are most of what there is, or where the limit
/// is about such times.
fn held(kind: &Kind, tally: &Tally) -> u64 {
    match *kind {
        Kind::Latency { limit_ms, .. } if limit_ms < HELD_MS && 2 * tally.held < tally.timed => tally.held,
        _ => 0,
    }
}

/// Rank of the quantile among so many latencies, from 0.
fn rank(quantile_ppm: u64, of: u64) -> Option<u64> {
    Some(quantile_ppm * of.checked_sub(1)? / PPM)
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
pub(crate) fn value(kind: &Kind, window: &Seen, quantile: impl FnOnce(Selection, f64) -> Option<f64>) -> Option<f64> {
    let counts = &window.counts;
    match *kind {
        Kind::Latency { quantile_ppm, limit_ms, selection, .. } => {
            let requests = Requests::of(kind, window)?;
            let timed = window.of(selection).timed;
            // What is left out is what took longest, so the rank stays what it is among fewer.
            let asked = if requests.of == timed {
                share(quantile_ppm, PPM)
            } else {
                (rank(quantile_ppm, requests.of)? as f64 + 0.5) / (timed - 1) as f64
            };
            let value = quantile(selection, asked)?;
            // One percent over the limit is within the sketch's error, and reads as over it when rounded.
            Some(if requests.over_limit { value.max(limit_ms * 1.01) } else { value.min(limit_ms) })
        }
        Kind::ErrorRate { .. } => Requests::of(kind, window).map(|requests| share(requests.bad, requests.of)),
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
        Kind::Latency {
            quantile_ppm: 990_000,
            limit_ms: 500.0,
            clear_ms: 400.0,
            evidence: Evidence { min_events, min_bad, low_traffic_min_bad: 10 },
            counter: 0,
            selection: Selection::ALL,
        }
    }

    fn window(timed: u64, slow: u64) -> Seen {
        let (slow, over_clear) = ([slow, 0, 0, 0], [slow, 0, 0, 0]);
        let counts = Counts { events: timed, timed, slow, over_clear, ..Counts::default() };
        let filtered = Filtered::default();
        Seen { counts, filtered, unattributed: 0, baseline: None, partial: false, unwatched: false, firing: false }
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
        let value = |slow, sketch| value(&latency(1, 1), &window(400, slow), |_, _| Some(sketch)).unwrap();
        assert!(value(5, 497.0) > 500.0);
        assert!(value(4, 503.0) <= 500.0);
        assert_eq!(value(5, 812.0), 812.0);
    }

    #[test]
    fn traffic_is_back_only_above_the_clear_level_and_low_only_below_the_limit() {
        let kind = Kind::TrafficDrop { limit_ppm: 500_000, clear_ppm: 700_000, min_baseline: 100 };
        let verdict = |arrived, firing| judge(&kind, &Seen { baseline: Some(200), firing, ..window(arrived, 0) });
        assert_eq!([99, 100].map(|arrived| verdict(arrived, false)), [Verdict::Violating, Verdict::Clean]);
        let firing = [99, 100, 140, 141].map(|arrived| verdict(arrived, true));
        assert_eq!(firing, [Verdict::Violating, Verdict::Between, Verdict::Between, Verdict::Clean]);
    }

    #[test]
    fn connections_held_open_are_left_out_until_they_are_half_of_all() {
        for (held, left_out) in [(0, true), (14, true), (199, true), (200, false), (400, false)] {
            let mut window = window(400, held);
            window.counts.held = held;
            assert_eq!(judge(&latency(1, 1), &window) == Verdict::Clean, left_out, "{held} of 400");
        }
    }
}
