//! Builds streams of events on a simulated time axis and feeds them to a partition.
#![allow(dead_code, unreachable_pub)]

use std::sync::Arc;

use jiff::Timestamp;
use tidewatch_contract::{AlertState, RequestEvent};
use tidewatch_detect::{Disposition, Input, Limits, Partition, Rules, Transition};

/// Second 0 of every scenario: a multiple of the hop.
pub const START: i64 = 1_800_000_000;

/// Converts seconds of a scenario to a timestamp.
pub fn at(seconds: f64) -> Timestamp {
    Timestamp::from_millisecond(START * 1_000 + (seconds * 1_000.0).round() as i64).unwrap()
}

/// Converts a timestamp to seconds of a scenario.
pub fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1_000.0 - START as f64
}

pub fn event(service: &str, region: &str, time: f64) -> RequestEvent {
    RequestEvent {
        timestamp: at(time),
        service: service.to_owned(),
        region: region.to_owned(),
        endpoint: "/".to_owned(),
        status_code: 200,
        request_id: String::new(),
        latency_ms: Some(50.0),
        method: None,
        error: None,
        trace_id: None,
        span_id: None,
    }
}

/// One record on its way to the partition.
#[derive(Debug, Clone)]
pub struct Sent {
    pub appended: f64,
    pub payload: Payload,
}

#[derive(Debug, Clone)]
pub enum Payload {
    Event(RequestEvent),
    Replayed(RequestEvent),
    /// A parsed event whose time is not credible.
    Misdated(RequestEvent),
    /// A malformed record; the service is in its key.
    Malformed(Option<String>),
}

impl Sent {
    pub fn new(appended: f64, event: RequestEvent) -> Self {
        let payload = match tidewatch_contract::check_time(event.timestamp, at(appended)) {
            Ok(()) => Payload::Event(event),
            Err(_) => Payload::Misdated(event),
        };
        Self { appended, payload }
    }

    pub fn input(&self) -> Input<'_> {
        match &self.payload {
            Payload::Event(event) => Input::Event { event: event.into(), replay: false },
            Payload::Replayed(event) => Input::Event { event: event.into(), replay: true },
            Payload::Misdated(event) => Input::Rejected { service: Some(&event.service), event: Some(event.into()) },
            Payload::Malformed(service) => Input::Rejected { service: service.as_deref(), event: None },
        }
    }
}

/// Returns evenly spaced healthy requests of one group in `[from, to)`, delivered at once. `change` may alter each one.
pub fn steady(
    service: &str,
    region: &str,
    (from, to): (f64, f64),
    per_second: f64,
    mut change: impl FnMut(usize, &mut RequestEvent),
) -> Vec<Sent> {
    let count = ((to - from) * per_second).round() as usize;
    (0..count)
        .map(|i| {
            let time = from + i as f64 / per_second;
            let mut event = event(service, region, time);
            change(i, &mut event);
            Sent::new(time, event)
        })
        .collect()
}

/// Merges streams, ordered by append time.
pub fn merge(streams: impl IntoIterator<Item = Vec<Sent>>) -> Vec<Sent> {
    let mut all: Vec<Sent> = streams.into_iter().flatten().collect();
    all.sort_by(|a, b| a.appended.total_cmp(&b.appended));
    all
}

/// A partition under test, and its output.
pub struct Scenario {
    pub partition: Partition,
    pub transitions: Vec<Transition>,
    limits: Limits,
}

impl Scenario {
    pub fn new() -> Self {
        Self::with(Rules::builtin(), Limits::default())
    }

    pub fn with(rules: Rules, limits: Limits) -> Self {
        Self { partition: Partition::new(3, 0, Arc::new(rules), limits), transitions: Vec::new(), limits }
    }

    pub fn send(&mut self, sent: &Sent) -> Disposition {
        let disposition = self.partition.observe(self.partition.position(), at(sent.appended), sent.input());
        self.transitions.extend(self.partition.take_transitions());
        disposition
    }

    pub fn play(&mut self, stream: &[Sent]) -> &mut Self {
        for sent in stream {
            self.send(sent);
        }
        self
    }

    /// Reports the partition idle each second in `[from, to)`.
    pub fn idle(&mut self, from: f64, to: f64) -> &mut Self {
        let mut now = from;
        while now < to {
            self.partition.advance_idle(at(now));
            self.transitions.extend(self.partition.take_transitions());
            now += 1.0;
        }
        self
    }

    /// Ends the process after a checkpoint and restores the partition in another one. `stream` is everything sent so
    /// far.
    pub fn restart(&mut self, rules: Rules, stream: &[Sent]) -> &mut Self {
        let groups = self.partition.take_dirty_groups();
        let groups = groups.into_iter().filter_map(|(key, group)| Some((key, group?)));
        let state = self.partition.state();
        self.partition = Partition::restore(3, Arc::new(rules), self.limits, state, groups);
        let floor = usize::try_from(self.partition.position()).unwrap();
        self.play(&stream[floor..])
    }

    /// Simulates that no processor was running until this many more records had arrived.
    pub fn unwatched(&mut self, records: usize) -> &mut Self {
        self.partition.resume_unwatched(self.partition.position() + i64::try_from(records).unwrap());
        self
    }

    /// Returns the transitions in short: `HighErrorRate api/eu firing@75`.
    pub fn story(&self) -> Vec<String> {
        self.transitions.iter().map(line).collect()
    }

    /// Returns the state of a rule in a group.
    pub fn standing(&self, service: &str, rule: &str) -> tidewatch_detect::RuleView {
        let group = self.partition.groups().find(|group| group.labels["service"] == service).unwrap();
        group.rules[rule].clone()
    }
}

pub fn line(transition: &Transition) -> String {
    let region = transition.group.get("region").map_or("-", String::as_str);
    let state = match transition.state {
        AlertState::Firing => "firing".to_owned(),
        AlertState::Resolved => format!("resolved {:?}", transition.reason.unwrap()),
    };
    let service = &transition.group["service"];
    format!("{} {service}/{region} {state}@{}", transition.rule, seconds(transition.window_end))
}
