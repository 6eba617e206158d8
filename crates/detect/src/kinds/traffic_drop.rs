//! Fires if fewer events arrived than a share of the usual number; the drop ends above the clear level.

use super::{Followed, PPM, Quantile, RuleKind, share};
use crate::grid::Grid;
use crate::lifecycle::Verdict;
use crate::rules::{Draft, RulesError};
use crate::seen::Seen;
use crate::state::GroupKind;
use crate::summary::{NO_USUAL_TRAFFIC, Subject};
use crate::traffic::Traffic;
use crate::units::Window;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TrafficDrop {
    limit_ppm: u64,
    clear_ppm: u64,
    min_baseline: u64,
}

impl TrafficDrop {
    pub(super) const KEYS: &[&str] = &["min_baseline"];

    pub(super) fn parse(draft: &Draft<'_>) -> Result<Self, RulesError> {
        let limit_ppm = draft.limit_share()?;
        let clear_ppm = match draft.clear_share()? {
            Some(clear_ppm) => clear_ppm,
            None => (limit_ppm * 7 / 5).min((limit_ppm + PPM) / 2),
        };
        if clear_ppm < limit_ppm {
            return Err(draft.refuse_clear("`clear` must not be below `limit`"));
        }
        let min_baseline = draft.min_baseline(100)?;
        if draft.earlier_of_kind > 0 {
            return Err(draft.refuse_name("only one rule may be of kind `traffic_drop`: it owns the baseline"));
        }
        Ok(Self { limit_ppm, clear_ppm, min_baseline })
    }
}

impl RuleKind for TrafficDrop {
    fn is_about_arrival(&self) -> bool {
        true
    }

    fn judges(&self, group: GroupKind) -> bool {
        matches!(group, GroupKind::Plain | GroupKind::Expected)
    }

    fn verdict(&self, seen: &Seen) -> Verdict {
        let Some(baseline) = seen.baseline.filter(|&baseline| baseline >= self.min_baseline) else {
            return Verdict::Unknown;
        };
        let arrived = seen.arrived();
        if arrived * PPM < self.limit_ppm * baseline {
            Verdict::Violating
        } else if seen.firing && arrived * PPM <= self.clear_ppm * baseline {
            Verdict::Between
        } else {
            Verdict::Clean
        }
    }

    fn threshold(&self, baseline: Option<u64>) -> f64 {
        share(self.limit_ppm * baseline.unwrap_or(0), PPM)
    }

    fn value(&self, seen: &Seen, _: Quantile<'_>) -> Option<f64> {
        Some(seen.arrived() as f64)
    }

    fn fired(&self, subject: &Subject<'_>) -> String {
        let (who, value) = (subject.who(), subject.value.unwrap_or_default());
        match subject.baseline {
            Some(usual) => format!("{who}: {value} requests over {}, usually {usual}", subject.window()),
            None => format!("{who}: expected, but has never sent anything"),
        }
    }

    fn resolved(&self, subject: &Subject<'_>, value: f64) -> String {
        match subject.baseline {
            Some(usual) => {
                format!("{}: {value} requests over {} again, usually {usual}", subject.who(), subject.window())
            }
            None => format!("{}: has started to send", subject.who()),
        }
    }

    fn noun(&self) -> String {
        "the traffic".to_owned()
    }

    fn too_little(&self, seen: &Seen) -> String {
        match seen.baseline {
            Some(usual) => format!("usually {usual} requests; too few to evaluate"),
            None => NO_USUAL_TRAFFIC.to_owned(),
        }
    }

    fn notices_silence(&self, usual: u64) -> bool {
        usual >= self.min_baseline
    }

    fn holds_baseline(&self) -> bool {
        true
    }

    /// Suppresses the verdict during a regular pause.
    fn follow(&self, verdict: Verdict, seen: &Seen, traffic: &mut Traffic, (grid, window): (Grid, Window)) -> Followed {
        let is_low = verdict == Verdict::Violating;
        let changed = verdict != Verdict::Unknown && traffic.follow(grid, window, is_low);
        let is_pause = is_low && !seen.firing && traffic.pauses_until(grid).is_some_and(|until| window <= until);
        Followed { verdict: if is_pause { Verdict::Unknown } else { verdict }, changed }
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
        Kind::TrafficDrop(TrafficDrop { limit_ppm: 500_000, clear_ppm: 700_000, min_baseline: 100 })
    }

    #[test]
    fn traffic_is_back_only_above_the_clear_level_and_low_only_below_the_limit() {
        let verdict = |events, firing| {
            let counts = Counts { events, timed: events, ..Counts::default() };
            kind().judge(&Seen { counts, baseline: Some(200), firing, ..Seen::default() })
        };
        assert_eq!([99, 100].map(|arrived| verdict(arrived, false)), [Verdict::Violating, Verdict::Clean]);
        let firing = [99, 100, 140, 141].map(|arrived| verdict(arrived, true));
        assert_eq!(firing, [Verdict::Violating, Verdict::Between, Verdict::Between, Verdict::Clean]);
    }

    #[test]
    fn the_summary_names_the_requests_that_arrived_and_the_usual_number() {
        assert_eq!(says(&kind(), 12.0, None), "12 requests over the last minute, usually 400");
        let reasons = [ResolveReason::Clean, ResolveReason::Retired, ResolveReason::NewNormal];
        assert_eq!(
            reasons.map(|reason| says(&kind(), 390.0, Some(reason))),
            [
                "390 requests over the last minute again, usually 400",
                "no longer watched",
                "traffic has stayed at 400 requests per minute for 30 min: this is the new normal level",
            ]
        );
    }
}
