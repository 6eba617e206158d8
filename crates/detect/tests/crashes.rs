//! A partition that is killed at any moment and restored from its written state reports the same alerts as one that
//! keeps running.
#![allow(clippy::unwrap_used, missing_docs)]

mod random;
mod scenario;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use random::{Step, rules, segments, steps};
use scenario::{at, line, steady};
use tidewatch_contract::ResolveReason;
use tidewatch_detect::{GroupState, Limits, Partition, PartitionState, Rules, Totals, Transition};

/// The moment of the kill: where in the stream, and how much of the checkpoint in progress is written.
#[derive(Debug, Clone)]
struct Crash {
    moment: f64,
    written: f64,
}

fn crashes() -> impl Strategy<Value = Vec<Crash>> {
    let crash = (0.0..1.0, 0.0..1.2).prop_map(|(moment, written)| Crash { moment, written });
    prop::collection::vec(crash, 1..12)
}

/// The contents of the topics.
#[derive(Default)]
struct Written {
    groups: BTreeMap<String, String>,
    partition: Option<String>,
    transitions: BTreeMap<String, Transition>,
}

impl Written {
    /// Writes a checkpoint in its order, but only `share` of it (1: all) before the process is killed.
    fn checkpoint(&mut self, partition: &mut Partition, found: &mut Vec<Transition>, share: f64) {
        for transition in found.drain(..) {
            self.transitions.insert(transition.id(), transition);
        }
        let groups = partition.take_dirty_groups();
        let count = (groups.len() as f64 * share).floor() as usize;
        for (key, state) in groups.into_iter().take(count) {
            match state {
                Some(state) => self.groups.insert(key, serde_json::to_string(&state).unwrap()),
                None => self.groups.remove(&key),
            };
        }
        if share >= 1.0 {
            self.partition = Some(serde_json::to_string(&partition.state()).unwrap());
        }
    }

    fn restore(&self, rules: &Arc<Rules>, limits: Limits) -> Partition {
        let state = match &self.partition {
            Some(json) => serde_json::from_str(json).unwrap(),
            None => PartitionState::new(0),
        };
        let group = |(key, json): (&String, &String)| -> (String, GroupState) {
            (key.clone(), serde_json::from_str(json).unwrap())
        };
        Partition::restore(0, rules.clone(), limits, state, self.groups.iter().map(group))
    }
}

/// Returns the steps with their offsets in the stream; an idle step has the offset of the next record.
fn with_offsets(steps: &[Step]) -> Vec<(i64, &Step)> {
    let mut next = 0;
    let offset_of = |step| {
        let offset = next;
        next += i64::from(matches!(step, &Step::Record(_)));
        (offset, step)
    };
    steps.iter().map(offset_of).collect()
}

fn feed(partition: &mut Partition, offset: i64, step: &Step) {
    match step {
        Step::Record(sent) => {
            partition.observe(offset, at(sent.appended), sent.input());
        }
        Step::Idle(now) => partition.advance_idle(at(*now)),
    }
}

fn uninterrupted(steps: &[Step], limits: Limits) -> (Vec<Transition>, Totals) {
    let mut partition = Partition::new(0, 0, Arc::new(rules()), limits);
    let mut transitions = Vec::new();
    for (offset, step) in with_offsets(steps) {
        feed(&mut partition, offset, step);
        transitions.extend(partition.take_transitions());
    }
    (transitions, partition.totals())
}

/// Checkpoints every few steps, and at each transition if `eager`.
fn interrupted(
    steps: &[Step],
    limits: Limits,
    (every, eager): (usize, bool),
    crashes: &[Crash],
) -> (Vec<Transition>, Totals) {
    let rules = Arc::new(rules());
    let steps = with_offsets(steps);
    let mut written = Written::default();
    let mut partition = written.restore(&rules, limits);
    let mut found = Vec::new();
    let mut crashes: Vec<(usize, f64)> =
        crashes.iter().map(|crash| ((crash.moment * steps.len() as f64) as usize, crash.written)).collect();
    crashes.sort_by_key(|&(moment, _)| moment);
    let mut crashes = crashes.into_iter().peekable();
    let mut at = 0;
    while at < steps.len() {
        let (offset, step) = steps[at];
        feed(&mut partition, offset, step);
        found.extend(partition.take_transitions());
        at += 1;
        if let Some((_, share)) = crashes.next_if(|&(moment, _)| moment < at) {
            if share > 0.1 {
                written.checkpoint(&mut partition, &mut found, share - 0.1);
            }
            partition = written.restore(&rules, limits);
            found.clear();
            let position = partition.position();
            at = steps.iter().position(|&(offset, _)| offset >= position).unwrap_or(steps.len());
        } else if eager && !found.is_empty() || at % every == 0 {
            written.checkpoint(&mut partition, &mut found, 1.0);
        }
    }
    written.checkpoint(&mut partition, &mut found, 1.0);
    let mut transitions: Vec<Transition> = written.transitions.into_values().collect();
    transitions.sort_by_cached_key(|transition| (transition.window_end, transition.fingerprint()));
    (transitions, partition.totals())
}

fn lines(transitions: &[Transition]) -> Vec<String> {
    let mut lines: Vec<String> =
        transitions.iter().map(|t| format!("{} {:.3} {:.3}", line(t), t.value, t.threshold)).collect();
    lines.sort();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn crashes_change_neither_the_alerts_nor_the_totals(
        segments in segments(),
        every in 1..400_usize,
        eager in any::<bool>(),
        crashes in crashes(),
        ttl in prop_oneof![Just(20), Just(3_600)],
    ) {
        let steps = steps(&segments);
        let limits = Limits { group_ttl: Duration::from_secs(ttl), ..Limits::default() };
        let (lived, lived_totals) = uninterrupted(&steps, limits);
        let (died, died_totals) = interrupted(&steps, limits, (every, eager), &crashes);
        prop_assert_eq!(lines(&died), lines(&lived));
        prop_assert_eq!(died_totals, lived_totals);
    }

    #[test]
    fn crashes_change_nothing_if_groups_overflow(
        segments in segments(),
        every in 1..400_usize,
        moments in prop::collection::vec(0.0..1.0, 1..6),
    ) {
        let steps = steps(&segments);
        let limits = Limits { max_groups: 1, group_ttl: Duration::from_secs(20) };
        let crashes: Vec<Crash> = moments.into_iter().map(|moment| Crash { moment, written: 0.0 }).collect();
        let (lived, lived_totals) = uninterrupted(&steps, limits);
        let (died, died_totals) = interrupted(&steps, limits, (every, true), &crashes);
        prop_assert_eq!(lines(&died), lines(&lived));
        prop_assert_eq!(died_totals, lived_totals);
    }
}

/// Returns traffic that rises, ends, falls, settles, pauses regularly, falls silent and comes back, with idle steps.
fn hours_of_all_kinds_of_traffic() -> Vec<Step> {
    let rates = [(900, 5.0), (1_200, 20.0), (600, 5.0), (2_200, 2.0)];
    let pauses = [(60, 3.0), (40, 0.0)].repeat(6);
    let silences = [(1_500, 3.0), (4_000, 0.0), (700, 3.0), (60, 0.5), (300, 3.0)];
    let mut from = 0;
    let mut steps = Vec::new();
    for (seconds, rate) in rates.into_iter().chain(pauses).chain(silences) {
        let until = from + seconds;
        let sent = steady("a", "eu", (f64::from(from), f64::from(until)), rate, |_, _| ());
        steps.extend(sent.into_iter().map(|sent| Step::Record(Box::new(sent))));
        if rate == 0.0 {
            steps.extend((from + 2..until).map(|now| Step::Idle(f64::from(now))));
        }
        from = until;
    }
    steps
}

#[test]
fn crashes_do_not_change_the_usual_traffic() {
    let steps = hours_of_all_kinds_of_traffic();
    let (lived, lived_totals) = uninterrupted(&steps, Limits::default());
    let reasons: Vec<_> = lived.iter().filter_map(|told| told.reason).collect();
    assert!(reasons.contains(&ResolveReason::NewNormal) && reasons.contains(&ResolveReason::Clean), "{reasons:?}");
    for (every, crash_every) in [(37, 0.03), (400, 0.011), (2_900, 0.05)] {
        let moments = (1..).map(|nth| f64::from(nth) * crash_every).take_while(|&moment| moment < 1.0);
        let crashes: Vec<Crash> = moments.map(|moment| Crash { moment, written: moment }).collect();
        let (died, died_totals) = interrupted(&steps, Limits::default(), (every, true), &crashes);
        assert_eq!(lines(&died), lines(&lived), "a checkpoint every {every} steps");
        assert_eq!(died_totals, lived_totals);
    }
}
