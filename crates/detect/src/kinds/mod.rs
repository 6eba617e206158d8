//! The kinds of rules. One file per kind contains its parameters and keys, verdict, texts and tests. To add a kind, add
//! a file and a line in `kinds!`; if it needs a new key, add that to `rules/entry.rs`.

mod requests;

use serde::Deserialize;

#[cfg(test)]
pub(crate) use self::clock_skew::ClockSkew;
pub(crate) use self::requests::Evidence;
use crate::lifecycle::Verdict;
use crate::rules::{Draft, LatencyCounters, RulesError, Selection};
use crate::seen::Seen;
use crate::state::GroupKind;
use crate::summary::Subject;
use crate::traffic::Traffic;
use crate::units::Window;

/// Parts per million. Shares are integers so that verdicts are exact.
pub(crate) const PPM: u64 = 1_000_000;

/// Declares the kinds. Each is the type of that name in its module, and is named in snake case in a rules file.
macro_rules! kinds {
    ($($kind:ident in $module:ident,)*) => {
        $(mod $module;)*

        /// The name of a kind in a rules file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum KindName {
            $($kind,)*
        }

        impl KindName {
            /// Returns the keys specific to rules of this kind, in addition to those that every rule has.
            pub(crate) fn keys(self) -> &'static [&'static str] {
                match self {
                    $(Self::$kind => $module::$kind::KEYS,)*
                }
            }

            pub(crate) fn parse(self, draft: &Draft<'_>) -> Result<Kind, RulesError> {
                match self {
                    $(Self::$kind => $module::$kind::parse(draft).map(Kind::$kind),)*
                }
            }
        }

        /// The kind of a rule, with its parameters. An alert starts over the limit and ends at the clear level.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) enum Kind {
            $($kind($module::$kind),)*
        }

        impl std::ops::Deref for Kind {
            type Target = dyn RuleKind;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$kind(kind) => kind,)*
                }
            }
        }
    };
}

kinds! {
    Latency in latency,
    ErrorRate in error_rate,
    TrafficDrop in traffic_drop,
    ClockSkew in clock_skew,
}

/// A function that returns the quantile (0 to 1) of a selection's latencies.
pub(crate) type Quantile<'a> = &'a dyn Fn(Selection, f64) -> Option<f64>;

/// The behaviour specific to a kind of rule.
pub(crate) trait RuleKind {
    /// Returns whether the rule evaluates when events arrive, rather than their contents.
    fn is_about_arrival(&self) -> bool {
        false
    }

    /// Returns whether the rule evaluates groups of this kind.
    fn judges(&self, group: GroupKind) -> bool {
        group != GroupKind::Expected
    }

    /// Returns the verdict on a window. Windows that no rule of the kind can evaluate are filtered out by
    /// [`Kind::judge`].
    fn verdict(&self, seen: &Seen) -> Verdict;

    /// Returns the limit in the unit of the value.
    fn threshold(&self, baseline: Option<u64>) -> f64;

    /// Returns the measured value: milliseconds, a fraction of 1, or events. `None` if there was nothing to measure.
    fn value(&self, seen: &Seen, quantile: Quantile<'_>) -> Option<f64>;

    /// Returns the summary of an alert that starts.
    fn fired(&self, subject: &Subject<'_>) -> String;

    /// Returns the summary of an alert that ends because `value` is good again.
    fn resolved(&self, subject: &Subject<'_>, value: f64) -> String;

    /// Returns the name of the quantity that the rule evaluates: "the error rate".
    fn noun(&self) -> String;

    /// Returns why a window had too little data for a verdict.
    fn too_little(&self, seen: &Seen) -> String;

    /// Adds the counters that panes need for the rule.
    fn add_counters(&self, _counters: &mut LatencyCounters) {}

    /// Returns whether the rule detects when a group with `_usual` events per window falls silent.
    fn notices_silence(&self, _usual: u64) -> bool {
        false
    }

    /// Returns whether the rule compares with the baseline, which is frozen while the rule is violated.
    fn holds_baseline(&self) -> bool {
        false
    }

    /// Updates the group's usual traffic with a verdict. Returns whether that changed it, and the verdict to use.
    fn follow(
        &self,
        verdict: Verdict,
        _seen: &Seen,
        _traffic: &mut Traffic,
        _at: (crate::grid::Grid, Window),
    ) -> Followed {
        Followed { verdict, changed: false }
    }
}

/// The result of [`RuleKind::follow`].
pub(crate) struct Followed {
    pub(crate) verdict: Verdict,
    pub(crate) changed: bool,
}

impl Kind {
    /// Returns the rule's verdict on a window.
    pub(crate) fn judge(&self, seen: &Seen) -> Verdict {
        if seen.partial || self.is_about_arrival() && (seen.counts.replayed || seen.unwatched) {
            return Verdict::Unknown;
        }
        self.verdict(seen)
    }

    /// Returns why a window could not be evaluated.
    pub(crate) fn why_unknown(&self, seen: &Seen) -> String {
        if seen.partial {
            return "records of the window were lost".to_owned();
        }
        if self.is_about_arrival() && seen.counts.replayed {
            return "the window has replayed requests, which arrive at arbitrary times".to_owned();
        }
        if self.is_about_arrival() && seen.unwatched {
            return "no processor was running".to_owned();
        }
        self.too_little(seen)
    }
}

/// Returns the verdict on a value, given whether it violates the limit and whether it is over the clear level.
fn below_limit_unless(violating: bool, over_clear: bool, firing: bool) -> Verdict {
    match (violating, over_clear) {
        (true, _) => Verdict::Violating,
        (false, true) if firing => Verdict::Within,
        (false, _) => Verdict::Clean,
    }
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}
