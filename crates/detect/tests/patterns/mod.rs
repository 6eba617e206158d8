//! Traffic patterns from public bug reports, second by second, each as a service that is alone in its partition.
#![allow(dead_code, unreachable_pub)]

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};
use tidewatch_contract::{AlertState, RequestEvent};
use tidewatch_detect::{Limits, Rules, Transition};

use crate::scenario::{Scenario, Sent, event};

/// How long a partition must have been silent before the clock advances its watermark.
const IDLE_AFTER: f64 = 2.0;

/// The requests of one second.
pub struct Second<'a> {
    now: f64,
    rng: &'a mut StdRng,
    due: &'a mut BTreeMap<&'static str, f64>,
    sent: Vec<Sent>,
}

impl Second<'_> {
    /// Returns how many requests of a stream with `per_minute` requests per minute are due.
    pub fn due(&mut self, stream: &'static str, per_minute: f64) -> usize {
        let start = self.rng.random_range(0.0..1.0);
        let due = self.due.entry(stream).or_insert(start);
        *due += per_minute / 60.0;
        let whole = due.floor();
        *due -= whole;
        whole as usize
    }

    /// Sends a healthy request in the second that just ended; `change` may alter it.
    pub fn send(&mut self, change: impl FnOnce(&mut StdRng, &mut RequestEvent)) {
        self.send_aside(0.0, change);
    }

    /// Sends a request with a clock that is off by the given seconds.
    pub fn send_aside(&mut self, seconds: f64, change: impl FnOnce(&mut StdRng, &mut RequestEvent)) {
        let time = self.now - self.rng.random_range(0.0..1.0) + seconds;
        let mut event = event("x", "local", time.max(0.0));
        let latency = LogNormal::new(3.7, 0.4).unwrap();
        event.latency_ms = Some(latency.sample(self.rng));
        change(self.rng, &mut event);
        self.sent.push(Sent::new(self.now, event));
    }

    /// Sends healthy requests at the given rate per minute.
    pub fn healthy(&mut self, stream: &'static str, per_minute: f64) {
        for _ in 0..self.due(stream, per_minute) {
            self.send(|_, _| ());
        }
    }

    /// Sends failing requests at the given rate per minute.
    pub fn failing(&mut self, stream: &'static str, per_minute: f64) {
        for _ in 0..self.due(stream, per_minute) {
            self.send(|_, event| event.status_code = 500);
        }
    }
}

/// A function that sends the requests of a given second, counted from 0.
pub type Pattern = fn(&mut Second<'_>, i64);

/// Returns the transitions of the built-in rules for `seconds` of a pattern.
pub fn watch(pattern: Pattern, seconds: i64, seed: u64) -> Vec<Transition> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut due = BTreeMap::new();
    let mut scenario = Scenario::with(Rules::builtin(), Limits::default());
    let mut last_read = f64::NEG_INFINITY;
    for second in 0..seconds {
        let now = (second + 1) as f64;
        let mut sending = Second { now, rng: &mut rng, due: &mut due, sent: Vec::new() };
        pattern(&mut sending, second);
        for sent in &sending.sent {
            scenario.send(sent);
            last_read = now;
        }
        if now - last_read >= IDLE_AFTER {
            scenario.idle(now, now + 1.0);
        }
    }
    scenario.transitions
}

/// Returns how often a rule fired.
pub fn fired(transitions: &[Transition], rule: &str) -> usize {
    transitions.iter().filter(|told| told.rule == rule && told.state == AlertState::Firing).count()
}

/// Returns how often each rule fired, and what is firing at the end.
pub fn tally(transitions: &[Transition]) -> String {
    let mut rules: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for told in transitions {
        let (fired, resolved) = rules.entry(&told.rule).or_default();
        match told.state {
            AlertState::Firing => *fired += 1,
            AlertState::Resolved => *resolved += 1,
        }
    }
    let tally = rules.iter().map(|(rule, (fired, resolved))| {
        let still = if fired > resolved { ", fires at the end" } else { "" };
        format!("{rule} {fired}{still}")
    });
    let tally = tally.collect::<Vec<_>>().join("; ");
    if tally.is_empty() { "-".to_owned() } else { tally }
}

/// The patterns by name.
pub const ALL: [(&str, Pattern); 17] = [
    ("e1 websocket: 14 connections of 300 s beside 400 requests per minute", |s, _| {
        s.healthy("short", 400.0);
        for _ in 0..s.due("long", 14.0) {
            s.send(|_, event| {
                event.status_code = 101;
                event.latency_ms = Some(300_000.0);
                event.endpoint = "/ws".into();
            });
        }
    }),
    ("e2 server-sent events: 14 streams of 60 s", |s, _| {
        s.healthy("short", 400.0);
        for _ in 0..s.due("long", 14.0) {
            s.send(|_, event| {
                event.latency_ms = Some(60_000.0);
                event.endpoint = "/events".into();
            });
        }
    }),
    ("e3 20 requests per minute, all failing", |s, _| s.failing("all", 20.0)),
    ("e3b 45 per minute in each of three regions, all failing", |s, _| {
        for region in ["a", "b", "c"] {
            for _ in 0..s.due(region, 45.0) {
                s.send(|_, event| {
                    event.status_code = 500;
                    event.region = region.into();
                });
            }
        }
    }),
    ("e4 300 requests in 20 s, every 5 min", |s, second| {
        if second % 300 < 20 {
            (0..15).for_each(|_| s.send(|_, _| ()));
        }
    }),
    ("e5 300 per minute for 3 of 5 min", |s, second| {
        if second % 300 < 180 {
            s.healthy("on", 300.0);
        }
    }),
    ("e6 a deploy, every 6 min, of 25 s", |s, second| {
        if second % 360 < 335 {
            s.healthy("on", 600.0);
        }
    }),
    ("e6b a deploy, every 6 min, of 40 s", |s, second| {
        if second % 360 < 320 {
            s.healthy("on", 600.0);
        }
    }),
    ("e7 one host of ten is 45 s ahead", |s, _| {
        s.healthy("right", 270.0);
        for _ in 0..s.due("ahead", 30.0) {
            s.send_aside(45.0, |_, _| ());
        }
    }),
    ("e7b one host of three is 9 s behind", |s, _| {
        s.healthy("right", 200.0);
        for _ in 0..s.due("behind", 100.0) {
            s.send_aside(-9.0, |_, _| ());
        }
    }),
    ("e8 mobile clients send 110 late events every minute", |s, second| {
        s.healthy("now", 300.0);
        if second % 60 == 30 {
            for _ in 0..110 {
                let late = -600.0 - s.rng.random_range(0.0..60.0);
                s.send_aside(late, |_, _| ());
            }
        }
    }),
    ("e9 1,000 health checks hide 40 failing requests", |s, _| {
        for _ in 0..s.due("health", 1_000.0) {
            s.send(|_, event| {
                event.latency_ms = Some(1.0);
                event.endpoint = "/healthz".into();
            });
        }
        s.failing("requests", 40.0);
    }),
    ("e10 one failing request every 5 min", |s, second| {
        if second % 300 == 200 {
            s.send(|_, event| event.status_code = 500);
        }
    }),
    ("e11 a bot: 1,500 more per minute, for 9 min", |s, second| {
        s.healthy("usual", 300.0);
        if (120..660).contains(&second) {
            for _ in 0..s.due("bot", 1_500.0) {
                s.send(|_, event| {
                    event.status_code = 404;
                    event.latency_ms = Some(3.0);
                    event.endpoint = "/a.php".into();
                });
            }
        }
    }),
    ("e12, e13, e14 ids in paths, all 401, no latency", |s, second| {
        for _ in 0..s.due("all", 300.0) {
            s.send(|rng, event| {
                event.endpoint = format!("/o/{:032x}", rng.random_range(0..u128::MAX));
                event.status_code = if second > 180 { 401 } else { 200 };
                event.latency_ms = None;
            });
        }
    }),
    ("e15 errors around the limit", |s, second| {
        let share = if (second / 20) % 2 == 1 { 0.065 } else { 0.03 };
        for _ in 0..s.due("all", 600.0) {
            s.send(|rng, event| {
                if rng.random_bool(share) {
                    event.status_code = 500;
                }
            });
        }
    }),
    ("steady: 300 per minute", |s, _| s.healthy("all", 300.0)),
];

/// Returns the pattern whose name begins with `name`.
pub fn named(name: &str) -> Pattern {
    ALL.iter().find(|(full, _)| full.split(' ').next() == Some(name)).unwrap().1
}
