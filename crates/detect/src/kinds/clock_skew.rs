//! Fires if the share of events that are late, from the future or too old is over the limit.

use super::{PPM, Quantile, RuleKind, below_limit_unless, share};
use crate::lifecycle::Verdict;
use crate::rules::{Draft, RulesError};
use crate::seen::Seen;
use crate::summary::{Subject, end, limit, percent};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClockSkew {
    pub(crate) limit_ppm: u64,
    pub(crate) clear_ppm: u64,
    pub(crate) min_events: u64,
}

impl ClockSkew {
    pub(super) const KEYS: &[&str] = &["min_events"];

    pub(super) fn parse(draft: &Draft<'_>) -> Result<Self, RulesError> {
        let limit_ppm = draft.limit_share()?;
        let clear_ppm = draft.clear_below(limit_ppm)?;
        Ok(Self { limit_ppm, clear_ppm, min_events: draft.min_events(50)? })
    }
}

impl RuleKind for ClockSkew {
    fn is_about_arrival(&self) -> bool {
        true
    }

    fn verdict(&self, seen: &Seen) -> Verdict {
        let counts = &seen.counts;
        if counts.arrived() < self.min_events {
            return Verdict::Unknown;
        }
        let is_over = |share| counts.misdated * PPM > share * counts.arrived();
        below_limit_unless(is_over(self.limit_ppm), is_over(self.clear_ppm), seen.firing)
    }

    fn threshold(&self, _: Option<u64>) -> f64 {
        share(self.limit_ppm, PPM)
    }

    fn value(&self, seen: &Seen, _: Quantile<'_>) -> Option<f64> {
        let counts = &seen.counts;
        (counts.arrived() > 0).then(|| share(counts.misdated, counts.arrived()))
    }

    fn fired(&self, subject: &Subject<'_>) -> String {
        let (share, limit) = (percent(subject.value.unwrap_or_default()), limit(self.limit_ppm));
        let (who, window) = (subject.who(), subject.window());
        format!("{who}: {share} of events over {window} carry a wrong time, limit {limit}; check its clock")
    }

    fn resolved(&self, subject: &Subject<'_>, value: f64) -> String {
        let end = end(value * PPM as f64 <= self.clear_ppm as f64);
        let (who, window) = (subject.who(), subject.window());
        format!("{who}: {} of events over {window} carry a wrong time, {end}", percent(value))
    }

    fn noun(&self) -> String {
        "the clock".to_owned()
    }

    fn too_little(&self, seen: &Seen) -> String {
        let counts = &seen.counts;
        format!("{} of {} events carry a wrong time; too few to evaluate", counts.misdated, counts.arrived())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Kind;
    use crate::summary::tests::says;

    #[test]
    fn the_summary_names_the_share_of_events_with_a_wrong_time() {
        let kind = Kind::ClockSkew(ClockSkew { limit_ppm: 200_000, clear_ppm: 100_000, min_events: 1 });
        let fired = "95 % of events over the last minute carry a wrong time, limit 20 %; check its clock";
        assert_eq!(says(&kind, 0.95, None), fired);
    }
}
