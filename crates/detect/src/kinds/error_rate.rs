//! Fires if the share of failed requests is over the limit.

use super::requests::{Evidence, Requests};
use super::{PPM, Quantile, RuleKind, share};
use crate::lifecycle::Verdict;
use crate::rules::{Draft, RulesError, Selection};
use crate::seen::Seen;
use crate::summary::{Subject, end, limit, percent};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ErrorRate {
    limit_ppm: u64,
    clear_ppm: u64,
    evidence: Evidence,
    selection: Selection,
}

impl ErrorRate {
    pub(super) const KEYS: &[&str] =
        &["endpoints", "exclude_endpoints", "status", "min_events", "min_bad", "low_traffic_min_bad"];

    pub(super) fn parse(draft: &Draft<'_>) -> Result<Self, RulesError> {
        let limit_ppm = draft.limit_share()?;
        let clear_ppm = draft.clear_below(limit_ppm)?;
        Ok(Self { limit_ppm, clear_ppm, evidence: draft.evidence(50, 5)?, selection: draft.selection })
    }

    fn requests(&self, seen: &Seen) -> Option<Requests> {
        let tally = seen.of(self.selection);
        let is_over = |share| tally.errors * PPM > share * tally.events;
        (tally.events > 0).then(|| Requests {
            evidence: self.evidence,
            limit_ppm: self.limit_ppm,
            of: tally.events,
            bad: tally.errors,
            over_limit: is_over(self.limit_ppm),
            over_clear: is_over(self.clear_ppm),
        })
    }
}

impl RuleKind for ErrorRate {
    fn verdict(&self, seen: &Seen) -> Verdict {
        self.requests(seen).map_or(Verdict::Unknown, |requests| requests.judge(seen.firing))
    }

    fn threshold(&self, _: Option<u64>) -> f64 {
        share(self.limit_ppm, PPM)
    }

    fn value(&self, seen: &Seen, _: Quantile<'_>) -> Option<f64> {
        self.requests(seen).map(|requests| share(requests.bad, requests.of))
    }

    fn fired(&self, subject: &Subject<'_>) -> String {
        let (who, window, value) = (subject.who(), subject.window(), percent(subject.value.unwrap_or_default()));
        format!("{who}: {value} of requests failed over {window}, limit {}", limit(self.limit_ppm))
    }

    fn resolved(&self, subject: &Subject<'_>, value: f64) -> String {
        let end = end(value * PPM as f64 <= self.clear_ppm as f64);
        format!("{}: {} of requests failed over {}, {end}", subject.who(), percent(value), subject.window())
    }

    fn noun(&self) -> String {
        "the error rate".to_owned()
    }

    fn too_little(&self, seen: &Seen) -> String {
        match self.requests(seen) {
            Some(Requests { bad, of, .. }) => {
                format!("{} of {of} requests failed; too few to evaluate", percent(share(bad, of)))
            }
            None => "no requests to evaluate".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tidewatch_contract::ResolveReason;

    use super::*;
    use crate::kinds::Kind;
    use crate::summary::tests::says;

    #[test]
    fn the_summary_names_the_share_of_failed_requests() {
        let evidence = Evidence { min_events: 1, min_bad: 1, low_traffic_min_bad: 1 };
        let rule = ErrorRate { limit_ppm: 50_000, clear_ppm: 25_000, evidence, selection: Selection::ALL };
        let kind = Kind::ErrorRate(rule);
        assert_eq!(says(&kind, 0.3012, None), "30.1 % of requests failed over the last minute, limit 5 %");
        let clean = says(&kind, 0.0, Some(ResolveReason::Clean));
        assert_eq!(clean, "0 % of requests failed over the last minute, back to normal");
    }
}
