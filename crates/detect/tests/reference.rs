//! The incremental detection agrees with a naive one that looks at every event of every window again.
#![allow(clippy::unwrap_used, missing_docs)]

mod random;
mod scenario;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use random::{Step, rules, segments, steps};
use scenario::{Payload, START, Sent, at};
use tidewatch_detect::{Limits, Partition};
use tidewatch_events::{AlertState, RequestEvent, ResolveReason};

const PANES: i64 = 10;
const HISTORY: i64 = 600;
const TTL: i64 = 100;
const RULES: [(&str, usize, usize); 4] = [("Slow", 2, 2), ("Errors", 3, 2), ("Drop", 2, 3), ("Skew", 2, 2)];

/// A transition in short: second, rule, group, state, reason, value.
type Told = (i64, &'static str, String, AlertState, Option<ResolveReason>, f64);

#[derive(Clone)]
enum Seen {
    InTime(Box<RequestEvent>, bool),
    Misdated(bool),
    Malformed,
}

struct NaiveGroup {
    first_pane: i64,
    last_arrival: i64,
    excluded: BTreeSet<i64>,
    baseline: Option<usize>,
    frozen: bool,
    /// Of each rule: verdicts so far (v, c, b, u), and at which of them it fired.
    verdicts: [String; 4],
    fired: [Option<usize>; 4],
}

/// Seconds are panes: the hop is one second.
#[derive(Default)]
struct Naive {
    newest: Option<f64>,
    stalled: Option<f64>,
    appended: f64,
    judged: Option<i64>,
    groups: BTreeMap<String, NaiveGroup>,
    seen: BTreeMap<(String, i64), Vec<Seen>>,
    told: Vec<Told>,
    late: u64,
}

fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}

fn time_of(event: &RequestEvent) -> f64 {
    (event.timestamp.as_millisecond() - START * 1_000) as f64 / 1_000.0
}

impl Naive {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Record(sent) => self.record(sent),
            Step::Idle(now) if self.newest.is_some() => {
                self.newest = self.newest.map(|newest| newest.max(milliseconds(*now)));
                self.judge_due();
            }
            Step::Idle(_) => {}
        }
    }

    fn record(&mut self, sent: &Sent) {
        let appended = milliseconds(sent.appended);
        let time = match &sent.payload {
            Payload::Event(event) | Payload::Replayed(event) => Some(time_of(event)),
            Payload::Misdated(event) => Some(time_of(event)).filter(|&time| time > appended),
            Payload::Malformed(_) => None,
        };
        self.move_watermark(time, appended);
        self.judge_due();
        let Some(judged) = self.judged else { return };
        let arrival = (appended.floor() as i64).clamp(judged, judged + PANES);
        match &sent.payload {
            Payload::Event(event) | Payload::Replayed(event) => {
                let replay = matches!(sent.payload, Payload::Replayed(_));
                let pane = time_of(event).floor() as i64;
                if pane < judged {
                    self.late += 1;
                    self.see(event, arrival, Seen::Misdated(replay));
                } else {
                    self.see(event, pane, Seen::InTime(Box::new(event.clone()), replay));
                }
            }
            Payload::Misdated(event) => self.see(event, arrival, Seen::Misdated(false)),
            Payload::Malformed(Some(service)) => {
                let of_service = self.groups.keys().filter(|group| group.ends_with(&format!("service={service}")));
                if of_service.count() > 0 {
                    self.seen.entry((service.clone(), arrival)).or_default().push(Seen::Malformed);
                }
            }
            Payload::Malformed(None) => {}
        }
    }

    fn move_watermark(&mut self, time: Option<f64>, appended: f64) {
        let paused = appended - self.appended > 10.0;
        self.appended = appended;
        let reached = time.map(|time| time.min(appended));
        if reached > self.newest {
            self.newest = reached;
            self.stalled = None;
        } else if let Some(newest) = self.newest {
            let since = if paused { appended } else { self.stalled.unwrap_or(appended) };
            self.stalled = Some(since);
            if milliseconds(appended - since) >= 10.0 {
                self.newest = Some(newest.max(milliseconds(appended - 10.0)));
            }
        }
    }

    fn see(&mut self, event: &RequestEvent, pane: i64, seen: Seen) {
        let key = format!("region={},service={}", event.region, event.service);
        let group = self.groups.entry(key.clone()).or_insert_with(|| NaiveGroup {
            first_pane: pane,
            last_arrival: pane,
            excluded: BTreeSet::new(),
            baseline: None,
            frozen: false,
            verdicts: Default::default(),
            fired: [None; 4],
        });
        group.last_arrival = group.last_arrival.max(pane);
        self.seen.entry((key, pane)).or_default().push(seen);
    }

    fn judge_due(&mut self) {
        let Some(newest) = self.newest else { return };
        let due = milliseconds(newest - 1.0).floor() as i64;
        let judged = *self.judged.get_or_insert(due);
        for window in judged + 1..=due {
            let mut over = Vec::new();
            for (key, group) in &mut self.groups {
                if judge(key, group, window, &self.seen, &mut self.told) {
                    over.push(key.clone());
                }
            }
            for key in over {
                self.groups.remove(&key);
                self.seen.retain(|(of, _), _| *of != key);
                let service = key.split("service=").nth(1).unwrap().to_owned();
                if !self.groups.keys().any(|group| group.ends_with(&format!("service={service}"))) {
                    self.seen.retain(|(of, _), _| *of != service);
                }
            }
            self.judged = Some(window);
        }
    }
}

fn judge(
    key: &str,
    group: &mut NaiveGroup,
    window: i64,
    seen: &BTreeMap<(String, i64), Vec<Seen>>,
    told: &mut Vec<Told>,
) -> bool {
    let of = |key: &str, pane: i64| seen.get(&(key.to_owned(), pane)).cloned().unwrap_or_default();
    let service = key.split("service=").nth(1).unwrap();
    let inside: Vec<Seen> = (window - PANES..window).flat_map(|pane| of(key, pane)).collect();
    let malformed = (window - PANES..window).map(|pane| of(service, pane).len()).sum::<usize>();
    if !group.frozen {
        let history: Vec<i64> = (group.first_pane.max(window - PANES - HISTORY)..window - PANES)
            .filter(|pane| !group.excluded.contains(pane))
            .collect();
        let lasted = group.last_arrival.min(window - 1) + 1 - group.first_pane;
        if history.len() >= PANES as usize && lasted >= 2 * PANES {
            let mut counts: Vec<usize> = history.iter().map(|&pane| of(key, pane).len()).collect();
            counts.sort_unstable();
            group.baseline = Some(counts[(counts.len() - 1) / 2] * PANES as usize);
        }
    }
    let events: Vec<&RequestEvent> = inside
        .iter()
        .filter_map(|seen| if let Seen::InTime(event, _) = seen { Some(&**event) } else { None })
        .collect();
    let replayed = inside.iter().any(|seen| matches!(seen, Seen::InTime(_, true) | Seen::Misdated(true)));
    let mut latencies: Vec<f64> = events.iter().filter_map(|event| event.latency_ms).collect();
    latencies.sort_by(f64::total_cmp);
    let p90 = latencies.get((9 * latencies.len().saturating_sub(1)) / 10).copied();
    let slow = latencies.iter().filter(|&&latency| latency > 100.0).count();
    let errors = events.iter().filter(|event| event.is_error()).count();
    let misdated = inside.len() - events.len();
    let arrived = inside.len() + malformed;
    let baseline = group.baseline.filter(|&baseline| baseline >= 10);

    let when = |condition| if condition { 'v' } else { 'c' };
    let verdicts = [
        if latencies.len() < 5 { 'u' } else { when(slow >= 2 && p90.unwrap() > 100.0) },
        if events.len() < 5 { 'u' } else { when(errors >= 2 && errors * 5 > events.len()) },
        match baseline {
            None => 'u',
            _ if replayed => 'u',
            Some(usual) if arrived * 2 < usual => 'v',
            Some(usual) if group.fired[2].is_some() && arrived * 10 <= usual * 7 => 'b',
            Some(_) => 'c',
        },
        if inside.len() < 5 || replayed { 'u' } else { when(misdated * 5 > inside.len()) },
    ];
    let values = [
        p90.unwrap_or(0.0),
        if events.is_empty() { 0.0 } else { errors as f64 / events.len() as f64 },
        arrived as f64,
        if inside.is_empty() { 0.0 } else { misdated as f64 / inside.len() as f64 },
    ];
    for (rule, (name, for_windows, clear_windows)) in RULES.into_iter().enumerate() {
        group.verdicts[rule].push(verdicts[rule]);
        let since = &group.verdicts[rule][group.fired[rule].unwrap_or(0)..];
        let trailing = |verdict| since.chars().rev().take_while(|&there| there == verdict).count();
        let mut tell = |state, reason| told.push((window, name, key.to_owned(), state, reason, values[rule]));
        if group.fired[rule].is_none() {
            if trailing('v') >= for_windows {
                tell(AlertState::Firing, None);
                group.fired[rule] = Some(group.verdicts[rule].len());
            }
        } else if trailing('c') >= clear_windows || trailing('u') > 600 {
            let reason = if trailing('c') > 0 { ResolveReason::Clean } else { ResolveReason::NoData };
            tell(AlertState::Resolved, Some(reason));
            group.fired[rule] = None;
        }
    }
    if verdicts[2] == 'v' || replayed {
        group.excluded.extend(window - PANES..window);
    }
    group.frozen = verdicts[2] == 'v' || group.fired[2].is_some();
    let watched = group.baseline.is_some_and(|baseline| baseline >= 10) || group.fired.iter().any(Option::is_some);
    !watched && window > group.last_arrival + TTL
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_naive_detection_of_every_window(segments in segments()) {
        let mut naive = Naive::default();
        let limits = Limits { group_ttl: Duration::from_secs(TTL.unsigned_abs()), ..Limits::default() };
        let mut partition = Partition::new(0, 0, Arc::new(rules()), limits);
        let mut told = Vec::new();
        for step in steps(&segments) {
            naive.step(&step);
            match &step {
                Step::Record(sent) => {
                    partition.observe(partition.position(), at(sent.appended), sent.input());
                }
                Step::Idle(now) => partition.advance_idle(at(*now)),
            }
            told.extend(partition.take_transitions());
        }
        prop_assert_eq!(partition.totals().late, naive.late);
        prop_assert_eq!(partition.group_count(), naive.groups.len());
        let mut expected = naive.told;
        expected.sort_by_key(|(window, rule, group, ..)| (*window, format!("{rule}:{group}")));
        prop_assert_eq!(told.len(), expected.len(), "told {:#?}, expected {:?}", told, expected);
        for (told, (window, rule, group, state, reason, value)) in told.iter().zip(expected) {
            prop_assert_eq!(told.window_end, at(window as f64));
            prop_assert_eq!(told.fingerprint(), format!("{rule}:{group}"));
            prop_assert_eq!((told.state, told.reason), (state, reason));
            let tolerance = if rule == "Slow" { 0.021 * value } else { 0.0 };
            prop_assert!((told.value - value).abs() <= tolerance, "{:?}, exactly {}", told, value);
        }
    }
}
