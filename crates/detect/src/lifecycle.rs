//! The state of one rule in one group, which turns the verdicts of consecutive windows into the start and end of an
//! alert.

use serde::{Deserialize, Serialize};
use tidewatch_contract::{ResolveReason, Severity};

use crate::rules::Rule;
use crate::units::{Span, Time};

/// Time after which an alert is resolved if no window was violating or clean.
const UNDECIDED: Span = Span::minutes(10);

/// The verdict of a rule on a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Violating,
    Clean,
    /// Not bad enough to fire and not good enough to resolve, however long it lasts.
    Between,
    /// Neither over the limit nor down to the clear level: resolves after ten minutes.
    Within,
    /// Not enough data for a verdict.
    Unknown,
}

/// The state of a rule in a group. Times are in milliseconds since the epoch, so that they survive a change of `hop`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleState {
    /// Number of consecutive violating windows, counted up to `for_windows`.
    pub(crate) violating: u32,
    /// End of the first of these windows.
    pub(crate) violating_since_ms: Option<Time>,
    /// Number of consecutive clean windows while firing.
    pub(crate) clean: u32,
    /// End of the first of the consecutive windows that had no verdict or were within the limit but not clean, while
    /// firing.
    pub(crate) unknown_since_ms: Option<Time>,
    /// End of the window that resolved the last alert, kept only if the rule has a cooldown.
    pub(crate) resolved_at_ms: Option<Time>,
    /// The alert, while it is firing.
    pub(crate) firing: Option<Firing>,
}

/// The fields that have to be the same in the start and the end of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Firing {
    /// End of the window in which the alert fired.
    pub(crate) started_at_ms: Time,
    /// The threshold that the value was compared with.
    pub(crate) threshold: f64,
    /// The severity with which the alert fired.
    pub(crate) severity: Severity,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Change {
    Fired(Firing),
    Resolved(ResolveReason, Firing),
}

impl RuleState {
    pub(crate) fn apply(&mut self, verdict: Verdict, end: Time, rule: &Rule, threshold: f64) -> Option<Change> {
        if verdict != Verdict::Violating {
            self.violating = 0;
            self.violating_since_ms = None;
        }
        if verdict != Verdict::Clean {
            self.clean = 0;
        }
        if !matches!(verdict, Verdict::Unknown | Verdict::Within) {
            self.unknown_since_ms = None;
        }
        match verdict {
            Verdict::Violating => {
                self.violating_since_ms.get_or_insert(end);
                self.violating = (self.violating + 1).min(rule.for_windows);
                let cooling = self.resolved_at_ms.is_some_and(|at| end < at + rule.cooldown);
                if self.firing.is_some() || self.violating < rule.for_windows || cooling {
                    return None;
                }
                let firing = Firing { started_at_ms: end, threshold, severity: rule.severity };
                self.firing = Some(firing);
                Some(Change::Fired(firing))
            }
            Verdict::Clean => {
                self.firing?;
                self.clean += 1;
                if self.clean < rule.clear_windows {
                    return None;
                }
                self.resolve(ResolveReason::Clean, end, rule)
            }
            Verdict::Between => None,
            Verdict::Unknown | Verdict::Within => {
                self.firing?;
                let since = *self.unknown_since_ms.get_or_insert(end);
                if end - since < UNDECIDED {
                    return None;
                }
                let reason = if verdict == Verdict::Within { ResolveReason::Clean } else { ResolveReason::NoData };
                self.resolve(reason, end, rule)
            }
        }
    }

    pub(crate) fn resolve(&mut self, reason: ResolveReason, end: Time, rule: &Rule) -> Option<Change> {
        let firing = self.firing.take()?;
        self.clean = 0;
        self.unknown_since_ms = None;
        self.resolved_at_ms = (rule.cooldown > Span(0)).then_some(end);
        Some(Change::Resolved(reason, firing))
    }

    /// Returns the time at which the state changes even if the verdict stays the same.
    pub(crate) fn deadline(&self, rule: &Rule) -> Option<Time> {
        match self.firing {
            Some(_) => self.unknown_since_ms.map(|since| since + UNDECIDED),
            None if self.violating >= rule.for_windows => self.resolved_at_ms.map(|at| at + rule.cooldown),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{ClockSkew, Kind};

    const HOP: Span = Span(5_000);

    fn rule(cooldown: Span) -> Rule {
        Rule {
            index: 0,
            name: "R".into(),
            kind: Kind::ClockSkew(ClockSkew { limit_ppm: 2, clear_ppm: 1, min_events: 1 }),
            for_windows: 2,
            clear_windows: 2,
            cooldown,
            severity: Severity::Warning,
            runbook_url: String::new(),
        }
    }

    /// Applies one verdict per letter: v(iolating), c(lean), b(etween), w(ithin), u(nknown). Returns F, R or N
    /// (resolved without data) for each window that changed the state.
    fn run(rule: &Rule, verdicts: &str) -> String {
        let mut state = RuleState::default();
        let mut changes = String::new();
        for (window, letter) in (1..).zip(verdicts.chars()) {
            let verdict = match letter {
                'v' => Verdict::Violating,
                'c' => Verdict::Clean,
                'b' => Verdict::Between,
                'w' => Verdict::Within,
                _ => Verdict::Unknown,
            };
            changes.push(match state.apply(verdict, Time(window * HOP.0), rule, 1.0) {
                None => '.',
                Some(Change::Fired(_)) => 'F',
                Some(Change::Resolved(ResolveReason::Clean, _)) => 'R',
                Some(Change::Resolved(..)) => 'N',
            });
        }
        changes
    }

    #[test]
    fn an_alert_fires_after_two_violating_windows_in_a_row_and_resolves_after_two_clean_ones() {
        assert_eq!(run(&rule(Span(0)), "vcvvvcvccc"), "...F....R.");
    }

    #[test]
    fn a_window_without_a_verdict_resets_a_pending_alert_and_keeps_a_firing_one() {
        assert_eq!(run(&rule(Span(0)), "vuvuvvuucuccv"), ".....F.....R.");
    }

    #[test]
    fn a_window_between_the_levels_neither_fires_nor_resolves() {
        assert_eq!(run(&rule(Span(0)), "vbvvcbcbcc"), "...F.....R");
    }

    #[test]
    fn ten_minutes_without_a_verdict_resolve_for_lack_of_data() {
        let unknown = "u".repeat(121);
        let changes = run(&rule(Span(0)), &format!("vv{unknown}"));
        assert_eq!(changes.find('N'), Some(2 + 120));
        assert!(!run(&rule(Span(0)), &format!("vv{}b{}", "u".repeat(119), "u".repeat(119))).contains('N'));
    }

    #[test]
    fn ten_minutes_within_the_limit_resolve_as_clean_and_one_window_over_it_restarts_them() {
        let within = "w".repeat(121);
        assert_eq!(run(&rule(Span(0)), &format!("vv{within}")).find('R'), Some(2 + 120));
        assert!(!run(&rule(Span(0)), &format!("vv{}v{}", "w".repeat(119), "w".repeat(119))).contains('R'));
        assert_eq!(run(&rule(Span(0)), &format!("vv{}", "wu".repeat(61))).find(['R', 'N']), Some(2 + 120));
    }

    #[test]
    fn a_cooldown_delays_a_second_alert_but_neither_drops_it_nor_delays_its_end() {
        assert_eq!(run(&rule(Span(5 * HOP.0)), "vvccvvvvvcc"), ".F.R....F.R");
    }
}
