//! The incremental detection agrees with a naive one that evaluates every event of every window from scratch. The
//! streams are too short for yesterday's traffic and for a new normal level, which have tests of their own.
#![allow(clippy::unwrap_used, missing_docs)]

mod naive;
mod random;
mod scenario;

use std::sync::Arc;
use std::time::Duration;

use naive::{Naive, TTL};
use proptest::prelude::*;
use random::{Step, rules, segments, steps};
use scenario::at;
use tidewatch_detect::{Limits, Partition};

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_naive_detection_of_every_window(segments in segments()) {
        let mut naive = Naive::default();
        let limits = Limits { group_ttl: Duration::from_secs(TTL.unsigned_abs()), ..Limits::default() };
        let mut partition = Partition::new(0, 0, Arc::new(rules()), limits);
        let mut reported = Vec::new();
        for step in steps(&segments) {
            naive.step(&step);
            match &step {
                Step::Record(sent) => {
                    partition.observe(partition.position(), at(sent.appended), sent.input());
                }
                Step::Idle(now) => partition.advance_idle(at(*now)),
            }
            reported.extend(partition.take_transitions());
        }
        prop_assert_eq!(partition.totals().late, naive.late);
        prop_assert_eq!(partition.group_count(), naive.groups.len());
        let mut expected = naive.reported;
        expected.sort_by_key(|(window, rule, group, ..)| (*window, format!("{rule}:{group}")));
        prop_assert_eq!(reported.len(), expected.len(), "reported {:#?}, expected {:?}", reported, expected);
        for (reported, (window, rule, group, state, reason, value)) in reported.iter().zip(expected) {
            prop_assert_eq!(reported.window_end, at(window as f64));
            prop_assert_eq!(reported.fingerprint(), format!("{rule}:{group}"));
            prop_assert_eq!((reported.state, reported.reason), (state, reason));
            let tolerance = if rule == "Slow" { 0.021 * value } else { 0.0 };
            prop_assert!((reported.value - value).abs() <= tolerance, "{:?}, exactly {}", reported, value);
        }
    }
}
