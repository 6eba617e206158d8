//! The kinds of rules. One file per kind holds its parameters and keys, its verdict, its texts and its tests. A new kind
//! takes its file and its line in `kinds!`; a kind that needs a key of its own adds that to `rules/entry.rs`.

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

/// Parts per million: shares are held as integers so that verdicts are exact.
pub(crate) const PPM: u64 = 1_000_000;

/// Declares the kinds: each as the type of that name in its module, named in snake case in a rules file.
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
            /// Returns the keys that mean something for rules of this kind, beside those that every rule has.
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

        /// What a rule compares with what. An alert begins over the limit and ends at the clear level.
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

/// Returns the quantile (0 to 1) of a selection's latencies.
pub(crate) type Quantile<'a> = &'a dyn Fn(Selection, f64) -> Option<f64>;

/// What is different from kind to kind.
pub(crate) trait RuleKind {
    /// Returns whether the rule judges when events arrive, rather than what they say.
    fn is_about_arrival(&self) -> bool {
        false
    }

    /// Returns whether the rule judges groups of this kind.
    fn judges(&self, group: GroupKind) -> bool {
        group != GroupKind::Expected
    }

    /// Returns what a window says about the rule. Windows that no rule of the kind can judge are left out before.
    fn verdict(&self, seen: &Seen) -> Verdict;

    /// Returns the limit in the unit of the value.
    fn threshold(&self, baseline: Option<u64>) -> f64;

    /// Returns what was measured: milliseconds, a share of 1, or events. None: there was nothing to measure.
    fn value(&self, seen: &Seen, quantile: Quantile<'_>) -> Option<f64>;

    /// Returns the sentence for an alert that begins.
    fn fired(&self, subject: &Subject<'_>) -> String;

    /// Returns the sentence for an alert that ends because `value` is good again.
    fn resolved(&self, subject: &Subject<'_>, value: f64) -> String;

    /// Names what the rule judges: "the error rate".
    fn noun(&self) -> String;

    /// Returns why a window that could be judged had too little to judge by.
    fn too_little(&self, seen: &Seen) -> String;

    /// Adds what panes have to count for the rule.
    fn add_counters(&self, _counters: &mut LatencyCounters) {}

    /// Returns whether the rule notices when a group with `_usual` events per window falls silent.
    fn notices_silence(&self, _usual: u64) -> bool {
        false
    }

    /// Returns whether the rule compares with the usual traffic, which stays what it was while the rule is violated.
    fn holds_baseline(&self) -> bool {
        false
    }

    /// Tells the group's usual traffic about a verdict, and returns whether that changed it and the verdict to go by.
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

/// See [`RuleKind::follow`].
pub(crate) struct Followed {
    pub(crate) verdict: Verdict,
    pub(crate) changed: bool,
}

impl Kind {
    /// Returns what a window says about the rule.
    pub(crate) fn judge(&self, seen: &Seen) -> Verdict {
        if seen.partial || self.is_about_arrival() && (seen.counts.replayed || seen.unwatched) {
            return Verdict::Unknown;
        }
        self.verdict(seen)
    }

    /// Returns why a window could not be judged.
    pub(crate) fn why_unknown(&self, seen: &Seen) -> String {
        if seen.partial {
            return "records of the window were lost".to_owned();
        }
        if self.is_about_arrival() && seen.counts.replayed {
            return "replayed requests say nothing about when they arrive".to_owned();
        }
        if self.is_about_arrival() && seen.unwatched {
            return "nobody watched".to_owned();
        }
        self.too_little(seen)
    }
}

/// Judges a value that is over its limit, or over its clear level, or neither.
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
