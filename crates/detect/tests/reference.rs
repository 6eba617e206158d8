//! The incremental detection agrees with a naive one that evaluates every event of every window from scratch. The
//! streams are too short for yesterday's traffic and for a new normal level, which have tests of their own.
#![allow(clippy::unwrap_used, missing_docs)]

mod random;
mod scenario;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use random::{Step, rules, segments, steps};
use scenario::{Payload, START, Sent, at};
use tidewatch_contract::{AlertState, RequestEvent, ResolveReason};
use tidewatch_detect::{Limits, Partition};

const PANES: i64 = 10;
const HISTORY: i64 = 600;
const MINUTE: i64 = 60;
const SLOT: i64 = 600;
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
    recent: Option<usize>,
    baseline: Option<usize>,
    frozen: bool,
    /// Windows evaluated, and whether traffic was low (v), not low (c), or unknown (u).
    traffic: Vec<(i64, char)>,
    /// Requests in each usual minute, scaled to a window.
    minutes: BTreeMap<i64, usize>,
    /// Per rule: the verdicts so far (v, c, b, w, u), and the index at which it fired.
    verdicts: [String; 4],
    fired: [Option<usize>; 4],
}

impl NaiveGroup {
    fn new(pane: i64) -> Self {
        Self {
            first_pane: pane,
            last_arrival: pane,
            excluded: BTreeSet::new(),
            recent: None,
            baseline: None,
            frozen: false,
            traffic: Vec::new(),
            minutes: BTreeMap::new(),
            verdicts: Default::default(),
            fired: [None; 4],
        }
    }
}

fn service_of(key: &str) -> &str {
    key.split("service=").nth(1).unwrap()
}

/// A pane is a second, because the hop is one second.
#[derive(Default)]
struct Naive {
    newest: Option<f64>,
    stalled: Option<f64>,
    appended: f64,
    judged: Option<i64>,
    groups: BTreeMap<String, NaiveGroup>,
    /// The groups of whole services.
    totals: BTreeMap<String, NaiveGroup>,
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
        let group = self.groups.entry(key.clone()).or_insert_with(|| NaiveGroup::new(pane));
        group.last_arrival = group.last_arrival.max(pane);
        self.seen.entry((key, pane)).or_default().push(seen);
    }

    fn judge_due(&mut self) {
        let Some(newest) = self.newest else { return };
        let due = milliseconds(newest - 1.0).floor() as i64;
        let judged = *self.judged.get_or_insert(due);
        for window in judged + 1..=due {
            self.judge_totals(window);
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

    /// Evaluates a service of several groups by the verdicts that none of the groups has by itself.
    fn judge_totals(&mut self, window: i64) {
        let names: BTreeSet<String> = self.groups.keys().map(|key| service_of(key).to_owned()).collect();
        for name in names {
            let members: Vec<&String> = self.groups.keys().filter(|key| service_of(key) == name).collect();
            if members.len() < 2 && !self.totals.contains_key(&name) {
                continue;
            }
            let total = self.totals.entry(name.clone()).or_insert_with(|| NaiveGroup::new(window));
            let inside: Vec<Vec<Seen>> = members
                .iter()
                .map(|key| {
                    let of = |pane| self.seen.get(&((*key).clone(), pane)).cloned().unwrap_or_default();
                    (window - PANES..window).flat_map(of).collect()
                })
                .collect();
            let alone = inside.iter().map(|inside| Measured::of(inside, 0).verdicts([false; 4], None));
            let alone: Vec<[char; 4]> = alone.collect();
            let sum = Measured::of(&inside.concat(), 0);
            let mut verdicts = sum.verdicts(total.fired.map(|fired| fired.is_some()), None);
            for (rule, verdict) in verdicts.iter_mut().enumerate() {
                if total.fired[rule].is_none() && alone.iter().any(|verdicts| verdicts[rule] != 'u') {
                    *verdict = 'u';
                }
            }
            tell(total, &format!("service={name}"), window, (verdicts, sum.values), &mut self.told);
        }
    }
}

/// The measurements of a window.
struct Measured {
    latencies: Vec<f64>,
    events: usize,
    errors: usize,
    misdated: usize,
    arrived: usize,
    replayed: bool,
    values: [f64; 4],
}

/// Returns whether the probability of at least `bad` bad ones of `of` is below 1 in 10,000 if the true share is
/// `share`.
fn unlikely(bad: usize, of: usize, share: f64) -> bool {
    let mut exactly = vec![1.0];
    for _ in 0..of {
        let more = [&[0.0], &exactly[..]].concat();
        exactly.push(0.0);
        exactly = exactly.iter().zip(more).map(|(same, more)| same * (1.0 - share) + more * share).collect();
    }
    exactly[bad..].iter().sum::<f64>() < 1e-4
}

impl Measured {
    fn of(inside: &[Seen], malformed: usize) -> Self {
        let event = |seen: &Seen| if let Seen::InTime(event, _) = seen { Some(event.clone()) } else { None };
        let events: Vec<_> = inside.iter().filter_map(event).collect();
        let mut latencies: Vec<f64> = events.iter().filter_map(|event| event.latency_ms).collect();
        latencies.sort_by(f64::total_cmp);
        let errors = events.iter().filter(|event| event.is_error()).count();
        let misdated = inside.len() - events.len();
        let arrived = inside.len() + malformed;
        let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let values = [
            p90(&latencies).unwrap_or(0.0),
            share(errors, events.len()),
            arrived as f64,
            share(misdated, inside.len()),
        ];
        let replayed = inside.iter().any(|seen| matches!(seen, Seen::InTime(_, true) | Seen::Misdated(true)));
        Self { latencies, events: events.len(), errors, misdated, arrived, replayed, values }
    }

    fn verdicts(&self, firing: [bool; 4], baseline: Option<usize>) -> [char; 4] {
        let slow = self.latencies.iter().filter(|&&latency| latency > 100.0).count();
        let p90 = p90(&self.latencies).unwrap_or(0.0);
        let requests = |rule: usize, (bad, of): (usize, usize), over, over_clear, few: usize, limit| {
            let violates = if of < 10 { bad >= few && unlikely(bad, of, limit) } else { bad >= 2 && over };
            match (violates, of) {
                (true, _) => 'v',
                (false, 10..) if !firing[rule] => 'c',
                (false, 5..) if firing[rule] => {
                    if over_clear {
                        'w'
                    } else {
                        'c'
                    }
                }
                _ => 'u',
            }
        };
        let errors = self.errors;
        let here = self.arrived.min(self.events + self.misdated);
        [
            requests(0, (slow, self.latencies.len()), p90 > 100.0, p90 > 90.0, 3, 0.1),
            requests(1, (errors, self.events), errors * 5 > self.events, errors * 10 > self.events, 4, 0.2),
            match baseline {
                None => 'u',
                _ if self.replayed => 'u',
                Some(usual) if self.arrived * 2 < usual => 'v',
                Some(usual) if firing[2] && self.arrived * 10 <= usual * 7 => 'b',
                Some(_) => 'c',
            },
            if here < 5 || self.replayed {
                'u'
            } else if self.misdated * 5 > here {
                'v'
            } else if firing[3] && self.misdated * 20 > here * 3 {
                'w'
            } else {
                'c'
            },
        ]
    }
}

fn p90(sorted: &[f64]) -> Option<f64> {
    sorted.get((9 * sorted.len().saturating_sub(1)) / 10).copied()
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
            group.recent = Some(counts[(counts.len() - 1) / 2] * PANES as usize);
        }
        group.baseline = group.recent.map(|recent| match lowest_of_the_hour(group, window) {
            Some(hour) if hour * 10 < recent * 7 => hour,
            _ => recent,
        });
    }
    let measured = Measured::of(&inside, malformed);
    let is_silent = (window - PANES / 2..window).all(|pane| of(key, pane).is_empty() && of(service, pane).is_empty());
    let measure =
        if is_silent && group.baseline >= Some(30) { group.recent.max(group.baseline) } else { group.baseline };
    let baseline = measure.filter(|&baseline| baseline >= 10);
    let mut verdicts = measured.verdicts(group.fired.map(|fired| fired.is_some()), baseline);
    let low = verdicts[2] == 'v';
    group.traffic.push((window, if verdicts[2] == 'b' { 'c' } else { verdicts[2] }));
    if low && group.fired[2].is_none() && usual_pause(group).is_some_and(|until| window <= until) {
        verdicts[2] = 'u';
    }
    tell(group, key, window, (verdicts, measured.values), told);
    group.frozen = low || group.fired[2].is_some();
    if group.frozen || measured.replayed {
        group.excluded.extend(window - PANES..window);
    }
    let leaving = window - PANES;
    if leaving % MINUTE == 0 && leaving - MINUTE >= group.first_pane {
        let minute = leaving - MINUTE;
        if (minute..leaving).all(|pane| !group.excluded.contains(&pane)) {
            let requests = (minute..leaving).map(|pane| of(key, pane).len()).sum::<usize>();
            group.minutes.insert(minute, requests * PANES as usize / MINUTE as usize);
        }
    }
    let watched = group.baseline.is_some_and(|baseline| baseline >= 10)
        || highest_of_the_day(group, window) >= Some(10)
        || group.fired.iter().any(Option::is_some);
    !watched && window > group.last_arrival + TTL
}

/// Returns the lowest level of the last hour's ten-minute slots and of the current one, each taken from its
/// second-lowest minute. Finished slots are rounded to four significant bits.
fn lowest_of_the_hour(group: &NaiveGroup, window: i64) -> Option<usize> {
    let now = slot_after(window - 1);
    (now - 6..now).filter_map(|slot| level(group, slot)).map(rounded).chain(level(group, now)).min()
}

fn highest_of_the_day(group: &NaiveGroup, window: i64) -> Option<usize> {
    let now = slot_after(window);
    (now - 144..now).filter_map(|slot| level(group, slot)).map(rounded).max()
}

/// Returns the slot of the last minute that is finished once `window` is evaluated.
fn slot_after(window: i64) -> i64 {
    ((window - PANES).div_euclid(MINUTE) * MINUTE - MINUTE).div_euclid(SLOT)
}

fn level(group: &NaiveGroup, slot: i64) -> Option<usize> {
    let mut minutes: Vec<usize> = group.minutes.range(slot * SLOT..(slot + 1) * SLOT).map(|(_, &n)| n).collect();
    minutes.sort_unstable();
    minutes.get(minutes.len().saturating_sub(1) / 5).copied()
}

fn rounded(number: usize) -> usize {
    match number {
        0..16 => number,
        _ => {
            let step = 1 << (number.ilog2() - 3);
            number / step * step + step / 2
        }
    }
}

/// Returns the end of the current pause if it is as usual.
fn usual_pause(group: &NaiveGroup) -> Option<i64> {
    let mut edges = vec![group.first_pane + PANES / 2];
    for &(window, seen) in &group.traffic {
        let low = edges.len().is_multiple_of(2);
        match seen {
            'v' if !low && edges.len() > 1 && window - edges[edges.len() - 1] < PANES / 2 => drop(edges.pop()),
            'v' if !low => edges.push(window),
            'c' if low => edges.push(window),
            _ => {}
        }
    }
    let [.., came, fell, came_again, fell_again] = edges[..] else { return None };
    let tolerance = |stretch: i64| (stretch / 10).clamp(2, PANES);
    let (traffic, pause) = (fell - came, came_again - fell);
    let is_usual = traffic.max(pause) <= 7_200
        && pause * 5 >= traffic
        && (fell_again - came_again - traffic).abs() <= tolerance(traffic);
    is_usual.then_some(fell_again + pause + tolerance(pause))
}

fn tell(
    group: &mut NaiveGroup,
    key: &str,
    window: i64,
    (verdicts, values): ([char; 4], [f64; 4]),
    told: &mut Vec<Told>,
) {
    for (rule, (name, for_windows, clear_windows)) in RULES.into_iter().enumerate() {
        group.verdicts[rule].push(verdicts[rule]);
        let since = &group.verdicts[rule][group.fired[rule].unwrap_or(0)..];
        let trailing = |of: &str| since.chars().rev().take_while(|&there| of.contains(there)).count();
        let mut tell = |state, reason| told.push((window, name, key.to_owned(), state, reason, values[rule]));
        if group.fired[rule].is_none() {
            if trailing("v") >= for_windows {
                tell(AlertState::Firing, None);
                group.fired[rule] = Some(group.verdicts[rule].len());
            }
        } else if trailing("c") >= clear_windows || trailing("uw") > 600 {
            let reason = if trailing("u") > 0 { ResolveReason::NoData } else { ResolveReason::Clean };
            tell(AlertState::Resolved, Some(reason));
            group.fired[rule] = None;
        }
    }
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
