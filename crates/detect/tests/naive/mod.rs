//! A naive detection for the rules of [`crate::random`], which evaluates every event of every window from scratch.

mod measured;
mod usual;

use std::collections::{BTreeMap, BTreeSet};

use measured::Measured;
use tidewatch_contract::{AlertState, RequestEvent, ResolveReason};
use usual::{highest_of_the_day, lowest_of_the_hour, usual_pause};

use crate::random::Step;
use crate::scenario::{Payload, START, Sent};

const PANES: i64 = 10;
const HISTORY: i64 = 600;
const MINUTE: i64 = 60;
const SLOT: i64 = 600;
pub(crate) const TTL: i64 = 100;
const RULES: [(&str, usize, usize); 4] = [("Slow", 2, 2), ("Errors", 3, 2), ("Drop", 2, 3), ("Skew", 2, 2)];

/// A transition in short: second, rule, group, state, reason, value.
pub(crate) type Reported = (i64, &'static str, String, AlertState, Option<ResolveReason>, f64);

/// A record in a pane.
#[derive(Clone)]
enum Seen {
    InTime(Box<RequestEvent>, bool),
    Misdated(bool),
    Malformed,
}

/// A group, and everything that happened to it.
pub(crate) struct NaiveGroup {
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

/// The naive detection. A pane is a second, because the hop is one second.
#[derive(Default)]
pub(crate) struct Naive {
    newest: Option<f64>,
    stalled: Option<f64>,
    appended: f64,
    evaluated: Option<i64>,
    pub(crate) groups: BTreeMap<String, NaiveGroup>,
    /// The groups of whole services.
    totals: BTreeMap<String, NaiveGroup>,
    seen: BTreeMap<(String, i64), Vec<Seen>>,
    pub(crate) reported: Vec<Reported>,
    pub(crate) late: u64,
}

fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}

fn time_of(event: &RequestEvent) -> f64 {
    (event.timestamp.as_millisecond() - START * 1_000) as f64 / 1_000.0
}

impl Naive {
    pub(crate) fn step(&mut self, step: &Step) {
        match step {
            Step::Record(sent) => self.record(sent),
            Step::Idle(now) if self.newest.is_some() => {
                self.newest = self.newest.map(|newest| newest.max(milliseconds(*now)));
                self.evaluate_due();
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
        self.evaluate_due();
        let Some(evaluated) = self.evaluated else { return };
        let arrival = (appended.floor() as i64).clamp(evaluated, evaluated + PANES);
        match &sent.payload {
            Payload::Event(event) | Payload::Replayed(event) => {
                let replay = matches!(sent.payload, Payload::Replayed(_));
                let pane = time_of(event).floor() as i64;
                if pane < evaluated {
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

    fn evaluate_due(&mut self) {
        let Some(newest) = self.newest else { return };
        let due = milliseconds(newest - 1.0).floor() as i64;
        let evaluated = *self.evaluated.get_or_insert(due);
        for window in evaluated + 1..=due {
            self.evaluate_services(window);
            let mut over = Vec::new();
            for (key, group) in &mut self.groups {
                if evaluate(key, group, window, &self.seen, &mut self.reported) {
                    over.push(key.clone());
                }
            }
            for key in over {
                self.groups.remove(&key);
                self.seen.retain(|(of, _), _| *of != key);
                let service = service_of(&key).to_owned();
                if !self.groups.keys().any(|group| group.ends_with(&format!("service={service}"))) {
                    self.seen.retain(|(of, _), _| *of != service);
                }
            }
            self.evaluated = Some(window);
        }
    }

    /// Evaluates a service of several groups by the verdicts that none of the groups has by itself.
    fn evaluate_services(&mut self, window: i64) {
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
            report(total, &format!("service={name}"), window, (verdicts, sum.values), &mut self.reported);
        }
    }
}

/// Evaluates a group. Returns whether it is to be removed.
fn evaluate(
    key: &str,
    group: &mut NaiveGroup,
    window: i64,
    seen: &BTreeMap<(String, i64), Vec<Seen>>,
    reported: &mut Vec<Reported>,
) -> bool {
    let of = |key: &str, pane: i64| seen.get(&(key.to_owned(), pane)).cloned().unwrap_or_default();
    let service = service_of(key);
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
    report(group, key, window, (verdicts, measured.values), reported);
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

/// Adds the verdicts on a window to the group, and reports the alerts that start or end.
fn report(
    group: &mut NaiveGroup,
    key: &str,
    window: i64,
    (verdicts, values): ([char; 4], [f64; 4]),
    reported: &mut Vec<Reported>,
) {
    for (rule, (name, for_windows, clear_windows)) in RULES.into_iter().enumerate() {
        group.verdicts[rule].push(verdicts[rule]);
        let since = &group.verdicts[rule][group.fired[rule].unwrap_or(0)..];
        let trailing = |of: &str| since.chars().rev().take_while(|&there| of.contains(there)).count();
        let mut report = |state, reason| reported.push((window, name, key.to_owned(), state, reason, values[rule]));
        if group.fired[rule].is_none() {
            if trailing("v") >= for_windows {
                report(AlertState::Firing, None);
                group.fired[rule] = Some(group.verdicts[rule].len());
            }
        } else if trailing("c") >= clear_windows || trailing("uw") > 600 {
            let reason = if trailing("u") > 0 { ResolveReason::NoData } else { ResolveReason::Clean };
            report(AlertState::Resolved, Some(reason));
            group.fired[rule] = None;
        }
    }
}
