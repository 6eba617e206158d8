//! The workload as a pure function from seed and time to events, without a clock or I/O of its own.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};
use serde_json::json;
use tidewatch_contract::{LogEvent, RequestEvent};

use crate::faults::{Effect, FaultBook};
use crate::malformed::Malformation;
use crate::profiles::{Endpoint, ServiceProfile, Workload};

/// Share of requests without a failure that a service logs.
const INFO_SHARE: f64 = 0.01;
/// Factor by which a latency spike slows a request down.
const SPIKE: std::ops::Range<f64> = 8.0..20.0;
/// Status codes of failures, how frequent each is, and the message that the service logs about it.
const FAILURES: [(u16, u32, &str); 4] = [
    (500, 40, "unhandled exception in the request handler"),
    (503, 25, "connection pool exhausted"),
    (502, 20, "upstream closed the connection before answering"),
    (504, 15, "upstream did not answer in time"),
];

/// A completed request, with the records that its service sends about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Emission {
    /// Index of the service in [`Workload::services`].
    pub service: usize,
    /// When the request ended.
    pub due: Timestamp,
    /// The record for `metrics.raw`.
    pub payload: Payload,
    /// The record for `logs.raw`.
    pub log: Option<LogEvent>,
}

/// The `metrics.raw` record of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    /// A valid event.
    Event(RequestEvent),
    /// An event made invalid, with its bytes.
    Malformed(Malformation, Vec<u8>),
}

/// Generates the workload event by event, in time order.
///
/// The n-th request of a service is due at a random moment in the n-th interval of the service's rate. Its properties
/// depend only on the seed, the service and n, so a fault changes only what it is meant to change, and a caller that
/// falls behind gets every owed event with its original due time.
#[derive(Debug, Clone)]
pub struct Generator {
    workload: Workload,
    latencies: Vec<LogNormal<f64>>,
    seed: u64,
    start: Timestamp,
    /// The next request of each service.
    next: Vec<Draw>,
    spoilt: usize,
}

/// A request that hasn't been generated yet: when it is due, and the random numbers that determine it.
#[derive(Debug, Clone)]
struct Draw {
    number: u64,
    due: Timestamp,
    random: Xoshiro256PlusPlus,
}

impl Generator {
    /// Creates a generator that begins at `start`. The same seed and start give the same events.
    pub fn new(workload: Workload, seed: u64, start: Timestamp) -> Self {
        let latencies = workload.services.iter().map(latency).collect();
        let mut generator = Self { workload, latencies, seed, start, next: Vec::new(), spoilt: 0 };
        generator.next = (0..generator.workload.services.len()).map(|service| generator.draw(service, 0)).collect();
        generator
    }

    /// Returns the simulated workload.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// Returns when the next request is due.
    pub fn next_due(&self) -> Timestamp {
        self.next.iter().map(|draw| draw.due).min().unwrap_or(Timestamp::MAX)
    }

    /// Returns at most `limit` requests due before `end`, in time order, without silenced ones.
    pub fn until(&mut self, end: Timestamp, faults: &FaultBook, limit: usize) -> Vec<Emission> {
        let mut emissions = Vec::new();
        while emissions.len() < limit {
            let Some((service, due)) = self.earliest().filter(|(_, due)| *due < end) else { break };
            let following = self.draw(service, self.next[service].number + 1);
            let draw = std::mem::replace(&mut self.next[service], following);
            debug_assert_eq!(draw.due, due);
            emissions.extend(self.emission(service, draw, faults));
        }
        emissions
    }

    /// Skips the requests that were due before `from`; returns how many were skipped for each service.
    pub fn skip_to(&mut self, from: Timestamp) -> Vec<u64> {
        let mut skipped = vec![0; self.next.len()];
        for (service, skipped) in skipped.iter_mut().enumerate() {
            let number = self.next[service].number;
            // Starts one interval early and advances one request at a time, since the moment within an interval differs
            // from request to request.
            let elapsed = from.duration_since(self.start).as_secs_f64();
            let reached = (elapsed * self.workload.events_per_second).floor() as u64;
            let mut draw = self.draw(service, reached.saturating_sub(1).max(number));
            while draw.due < from {
                draw = self.draw(service, draw.number + 1);
            }
            *skipped = draw.number - number;
            self.next[service] = draw;
        }
        skipped
    }

    fn earliest(&self) -> Option<(usize, Timestamp)> {
        self.next.iter().map(|draw| draw.due).enumerate().min_by_key(|(_, due)| *due)
    }

    fn draw(&self, service: usize, number: u64) -> Draw {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(scramble(scramble(self.seed ^ service as u64) ^ number));
        let seconds = (number as f64 + random.random::<f64>()) / self.workload.events_per_second;
        let micros = SignedDuration::from_micros((seconds * 1e6) as i64);
        let due = self.start.checked_add(micros).unwrap_or(Timestamp::MAX);
        Draw { number, due, random }
    }

    /// Returns a request's emission, or `None` if a fault silences it. Every request uses its random numbers in the
    /// same order, whatever the faults.
    fn emission(&mut self, service: usize, draw: Draw, faults: &FaultBook) -> Option<Emission> {
        let Draw { due, mut random, .. } = draw;
        let profile = self.workload.services[service];
        let region = self.workload.regions[random.random_range(0..self.workload.regions.len())];
        let effect = faults.effect(profile.name, region, due);
        if effect.silent {
            return None;
        }
        let (event, failure) = self.request(service, region, &effect, due, &mut random);
        let log = log_line(&event, failure, &mut random);
        let payload = if random.random::<f64>() < effect.malformed {
            let kind = Malformation::ALL[self.spoilt % Malformation::ALL.len()];
            self.spoilt += 1;
            Payload::Malformed(kind, kind.spoil(&event))
        } else {
            Payload::Event(event)
        };
        Some(Emission { service, due, payload, log })
    }

    fn request(
        &self,
        service: usize,
        region: &str,
        effect: &Effect,
        due: Timestamp,
        random: &mut Xoshiro256PlusPlus,
    ) -> (RequestEvent, Option<&'static str>) {
        let profile = &self.workload.services[service];
        let endpoint = weighted(profile.endpoints, |endpoint| endpoint.weight, random);
        let fails = random.random::<f64>() < self.workload.error_rate.max(effect.error_rate);
        let (code, _, message) = *weighted(&FAILURES, |failure| failure.1, random);
        let refused = random.random::<f64>();
        let status_code = if fails { code } else { answer(endpoint, refused) };
        let spikes = random.random::<f64>() < self.workload.latency_spike_probability;
        let spike = random.random_range(SPIKE);
        let latency = self.latencies[service].sample(random) * if spikes { spike } else { 1.0 } * effect.latency_factor;
        let event = RequestEvent {
            timestamp: due.checked_add(effect.skew).unwrap_or(due),
            service: profile.name.to_owned(),
            region: region.to_owned(),
            endpoint: endpoint.path.to_owned(),
            status_code,
            request_id: format!("{:032x}", random.random::<u128>()),
            latency_ms: Some((latency * 1000.0).round() / 1000.0),
            method: Some(endpoint.method.to_owned()),
            error: None,
            trace_id: Some(format!("{:032x}", random.random::<u128>())),
            span_id: Some(format!("{:016x}", random.random::<u64>())),
        };
        (event, fails.then_some(message))
    }
}

fn latency(profile: &ServiceProfile) -> LogNormal<f64> {
    let (mu, sigma) = profile.log_normal();
    LogNormal::new(mu, sigma).expect("the profiles' medians and percentiles are finite")
}

fn answer(endpoint: &Endpoint, random: f64) -> u16 {
    match endpoint.client_error {
        Some((status, share)) if random < share => status,
        _ => endpoint.success,
    }
}

fn weighted<'a, T>(choices: &'a [T], weight: impl Fn(&T) -> u32, random: &mut Xoshiro256PlusPlus) -> &'a T {
    let mut left = random.random_range(0..choices.iter().map(&weight).sum());
    for choice in choices {
        match left.checked_sub(weight(choice)) {
            Some(rest) => left = rest,
            None => return choice,
        }
    }
    unreachable!("the number is below the sum of the weights")
}

fn log_line(event: &RequestEvent, failure: Option<&'static str>, random: &mut Xoshiro256PlusPlus) -> Option<LogEvent> {
    let told = random.random::<f64>() < INFO_SHARE;
    let method = event.method.as_deref().unwrap_or_default();
    let latency = event.latency_ms.unwrap_or_default();
    let (level, message) = match failure {
        Some(failure) => ("ERROR", format!("{method} {}: {failure}", event.endpoint)),
        None if told => {
            ("INFO", format!("{method} {} answered {} in {latency:.0} ms", event.endpoint, event.status_code))
        }
        None => return None,
    };
    Some(LogEvent {
        timestamp: event.timestamp,
        service: event.service.clone(),
        level: level.to_owned(),
        message,
        request_id: Some(event.request_id.clone()),
        trace_id: event.trace_id.clone(),
        span_id: event.span_id.clone(),
        attributes: BTreeMap::from([
            ("cloud.region".to_owned(), json!(event.region)),
            ("http.response.status_code".to_owned(), json!(event.status_code)),
            ("http.route".to_owned(), json!(event.endpoint)),
        ]),
    })
}

/// Turns neighbouring numbers into unrelated seeds, with the finalizer of SplitMix64 (Steele, Lea and Flood 2014).
fn scramble(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
