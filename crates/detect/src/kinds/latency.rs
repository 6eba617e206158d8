//! Fires if the quantile of the known latencies is over the limit.
//!
//! Verdicts are exact, because they use only the panes' counters; the sketch only provides the value shown to people.
//! P99 is over the limit if and only if the element at rank floor(0.99 (n - 1)) is, that is, if and only if at least
//! n - floor(0.99 (n - 1)) latencies are over it. Counting those suffices; no sketch needs to be merged at each hop.
//! Near the limit, where the sketch's error of 1 % could contradict the verdict, the value is moved to the verdict's
//! side.

use super::requests::{Evidence, Requests};
use super::{PPM, Quantile, RuleKind, share};
use crate::lifecycle::Verdict;
use crate::pane::{HELD_MS, Tally};
use crate::rules::{Draft, LatencyCounters, MAX_LATENCY_RULES, RulesError, Selection};
use crate::seen::Seen;
use crate::summary::{Subject, end, quantile, time};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Latency {
    quantile_ppm: u64,
    limit_ms: f64,
    clear_ms: f64,
    evidence: Evidence,
    /// Index of the panes' counter of latencies over the limit.
    counter: usize,
    selection: Selection,
}

impl Latency {
    pub(super) const KEYS: &[&str] =
        &["quantile", "endpoints", "exclude_endpoints", "status", "min_events", "min_bad", "low_traffic_min_bad"];

    pub(super) fn parse(draft: &Draft<'_>) -> Result<Self, RulesError> {
        let limit_ms = draft.limit_ms()?;
        let quantile_ppm = draft.quantile()?;
        let clear_ms = draft.clear_ms_below(limit_ms)?.unwrap_or(limit_ms * 0.8);
        let evidence = draft.evidence(200, 10)?;
        let counter = draft.earlier_of_kind;
        if counter >= MAX_LATENCY_RULES {
            return Err(draft.refuse_name(&format!("at most {MAX_LATENCY_RULES} rules may be of kind `latency`")));
        }
        Ok(Self { quantile_ppm, limit_ms, clear_ms, evidence, counter, selection: draft.selection })
    }

    fn requests(&self, seen: &Seen) -> Option<Requests> {
        let tally = seen.of(self.selection);
        let held = self.held(&tally);
        let of = tally.timed - held;
        let allowed = of - self.rank(of)?;
        let bad = seen.counts.slow[self.counter] - held;
        let over_clear = seen.counts.over_clear[self.counter] - held >= allowed;
        let (evidence, limit_ppm) = (self.evidence, PPM - self.quantile_ppm);
        Some(Requests { evidence, limit_ppm, of, bad, over_limit: bad >= allowed, over_clear })
    }

    /// Returns the number of held-open connections that the rule leaves out: none if they are at least half of the
    /// latencies, or if the limit is in the range of such durations.
    fn held(&self, tally: &Tally) -> u64 {
        if self.limit_ms < HELD_MS && 2 * tally.held < tally.timed { tally.held } else { 0 }
    }

    /// Returns the rank of the quantile among `of` latencies, from 0.
    fn rank(&self, of: u64) -> Option<u64> {
        Some(self.quantile_ppm * of.checked_sub(1)? / PPM)
    }
}

impl RuleKind for Latency {
    fn verdict(&self, seen: &Seen) -> Verdict {
        self.requests(seen).map_or(Verdict::Unknown, |requests| requests.judge(seen.firing))
    }

    fn threshold(&self, _: Option<u64>) -> f64 {
        self.limit_ms
    }

    fn value(&self, seen: &Seen, quantile: Quantile<'_>) -> Option<f64> {
        let requests = self.requests(seen)?;
        let timed = seen.of(self.selection).timed;
        // The latencies left out are the longest ones, so the rank stays the same among the remaining ones.
        let asked = if requests.of == timed {
            share(self.quantile_ppm, PPM)
        } else {
            (self.rank(requests.of)? as f64 + 0.5) / (timed - 1) as f64
        };
        let value = quantile(self.selection, asked)?;
        // One percent over the limit is within the sketch's error, and still over it when rounded.
        Some(if requests.over_limit { value.max(self.limit_ms * 1.01) } else { value.min(self.limit_ms) })
    }

    fn fired(&self, subject: &Subject<'_>) -> String {
        let (who, window, value) = (subject.who(), subject.window(), time(subject.value.unwrap_or_default()));
        format!("{who}: {} latency {value} over {window}, limit {}", quantile(self.quantile_ppm), time(self.limit_ms))
    }

    fn resolved(&self, subject: &Subject<'_>, value: f64) -> String {
        let (quantile, end) = (quantile(self.quantile_ppm), end(value <= self.clear_ms * 1.01));
        format!("{}: {quantile} latency {} over {}, {end}", subject.who(), time(value), subject.window())
    }

    fn noun(&self) -> String {
        format!("{} latency", quantile(self.quantile_ppm))
    }

    fn too_little(&self, seen: &Seen) -> String {
        match self.requests(seen) {
            Some(Requests { bad, of, .. }) => {
                format!("{bad} of {of} requests took longer than {}; too few to evaluate", time(self.limit_ms))
            }
            None if seen.counts.events > 0 => "no request with a known latency to evaluate".to_owned(),
            None => "no requests to evaluate".to_owned(),
        }
    }

    fn add_counters(&self, counters: &mut LatencyCounters) {
        counters.limits_ms[self.counter] = self.limit_ms;
        counters.clears_ms[self.counter] = self.clear_ms;
        counters.selections[self.counter] = self.selection;
    }
}

#[cfg(test)]
mod tests {
    use tidewatch_contract::ResolveReason;

    use super::*;
    use crate::kinds::Kind;
    use crate::pane::Counts;
    use crate::summary::tests::says;

    fn kind() -> Kind {
        Kind::Latency(Latency {
            quantile_ppm: 990_000,
            limit_ms: 500.0,
            clear_ms: 400.0,
            evidence: Evidence { min_events: 1, min_bad: 1, low_traffic_min_bad: 10 },
            counter: 0,
            selection: Selection::ALL,
        })
    }

    fn seen(timed: u64, slow: u64) -> Seen {
        let (slow, over_clear) = ([slow, 0, 0, 0], [slow, 0, 0, 0]);
        Seen { counts: Counts { events: timed, timed, slow, over_clear, ..Counts::default() }, ..Seen::default() }
    }

    #[test]
    fn counting_agrees_with_the_element_at_the_rank_for_every_size_and_share() {
        for n in 1..=400_u64 {
            let rank = 99 * (n - 1) / 100;
            for slow in 0..=n {
                let element_is_slow = rank >= n - slow;
                let violating = kind().judge(&seen(n, slow)) == Verdict::Violating;
                assert_eq!(violating, element_is_slow && slow > 0, "{slow} slow of {n}");
            }
        }
    }

    #[test]
    fn the_value_never_contradicts_the_verdict() {
        let value = |slow, sketch| kind().value(&seen(400, slow), &|_, _| Some(sketch)).unwrap();
        assert!(value(5, 497.0) > 500.0);
        assert!(value(4, 503.0) <= 500.0);
        assert_eq!(value(5, 812.0), 812.0);
    }

    #[test]
    fn connections_held_open_are_left_out_until_they_are_half_of_all() {
        for (held, left_out) in [(0, true), (14, true), (199, true), (200, false), (400, false)] {
            let mut seen = seen(400, held);
            seen.counts.held = held;
            assert_eq!(kind().judge(&seen) == Verdict::Clean, left_out, "{held} of 400");
        }
    }

    #[test]
    fn the_summary_names_the_quantile_and_its_latency() {
        assert_eq!(says(&kind(), 812.4, None), "P99 latency 812 ms over the last minute, limit 500 ms");
        let reasons = [ResolveReason::Clean, ResolveReason::NoData];
        assert_eq!(
            reasons.map(|reason| says(&kind(), 98.7, Some(reason))),
            [
                "P99 latency 98.7 ms over the last minute, back to normal",
                "too few requests to evaluate P99 latency for 10 minutes",
            ]
        );
    }
}
