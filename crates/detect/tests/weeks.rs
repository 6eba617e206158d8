//! Weeks of services with a daily rhythm: healthy ones don't raise alerts, and every silence and every drop is reported
//! in time.
// The figures are shown with --nocapture.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod scenario;

use std::sync::Arc;
use std::thread;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Poisson};
use scenario::{at, event, line, seconds};
use tidewatch_contract::{AlertState, RequestEvent};
use tidewatch_detect::{Input, Limits, Partition, Rules, Transition};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The faults: their name, the share of traffic that is left, and the percentage of faults for which the window that
/// fires must end within the given number of seconds from the start of the fault.
///
/// A window is below half of the usual traffic after 30 s of silence, after 40 s if a quarter is left, and after 50 s
/// if 40 % is; the alert fires 5 to 15 s later, when two such windows have ended. Chance adds to that: at 120 requests
/// per minute, the count of a window has a standard deviation of up to 11, which takes 5 s more for silence, and 7 s
/// for a quarter. Four standard deviations are allowed where that suffices. A whole window with 40 % of 120 is only 12
/// requests below the limit, 1.7 deviations of its own count, so chance occasionally keeps it above for minutes: no
/// time holds for all of those.
const FAULTS: [(&str, f64, usize, i64); 3] =
    [("silences", 0.0, 100, 50), ("drops by 75 %", 0.25, 100, 83), ("drops by 60 %", 0.4, 99, 120)];
/// Duration of a fault in seconds.
const FAULT: i64 = 10 * MINUTE;

/// A service alone in its partition, with a daily rhythm, quieter weekends, and a batch at the same time every day.
struct Service {
    rng: StdRng,
    partition: Partition,
    request: RequestEvent,
    /// Requests per minute, midway between day and night.
    level: f64,
    /// The share by which traffic is higher at noon and lower at night: at its quietest the service has 120 requests
    /// per minute.
    swing: f64,
    noon: i64,
    weekend: f64,
    /// Start and duration of the batch, and the factor by which it multiplies the traffic.
    batch: (i64, i64, f64),
    told: Vec<Transition>,
}

/// A fault that lets only this share of the requests through.
#[derive(Debug, Clone, Copy)]
struct Fault {
    from: i64,
    left: f64,
}

impl Service {
    fn new(number: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(number);
        Self {
            partition: Partition::new(0, 0, Arc::new(Rules::builtin()), Limits::default()),
            request: RequestEvent { latency_ms: None, ..event("api", "eu", 0.0) },
            level: rng.random_range(300.0..400.0),
            swing: rng.random_range(0.2..0.45),
            noon: rng.random_range(0..24) * HOUR,
            weekend: rng.random_range(0.75..1.0),
            batch: (rng.random_range(0..DAY), rng.random_range(3..40) * MINUTE, rng.random_range(1.0..4.0)),
            told: Vec::new(),
            rng,
        }
    }

    /// Returns the usual number of requests per minute.
    fn rate(&self, second: i64) -> f64 {
        let of_day = second.rem_euclid(DAY);
        let turn = (of_day - self.noon) as f64 / DAY as f64 * std::f64::consts::TAU;
        let day = second as f64 / DAY as f64 % 7.0;
        // The transition to and from the weekend takes two hours.
        let weekend = ((day - 5.0).min(7.0 - day) * 12.0).clamp(0.0, 1.0);
        let (from, lasts, times) = self.batch;
        let batch = if (from..from + lasts).contains(&of_day) { times } else { 1.0 };
        self.level * (1.0 + self.swing * turn.cos()) * (1.0 - (1.0 - self.weekend) * weekend) * batch
    }

    /// Returns whether traffic was about the same for the twenty minutes before, and stays so for longer than the
    /// twenty minutes by which a fall may come earlier today than it did yesterday.
    fn is_steady_at(&self, second: i64) -> bool {
        let now = self.rate(second);
        (-20..=25).all(|minute| (0.75..1.33).contains(&(self.rate(second + minute * MINUTE) / now)))
    }

    fn run(&mut self, from: i64, until: i64, fault: Option<Fault>) {
        let mut silent = 0;
        for second in from..until {
            let left = fault.filter(|fault| second >= fault.from).map_or(1.0, |fault| fault.left);
            let rate = self.rate(second) / 60.0 * left;
            let requests = if rate > 0.0 { Poisson::new(rate).unwrap().sample(&mut self.rng) as u64 } else { 0 };
            let now = at(second as f64 + 0.9);
            self.request.timestamp = at(second as f64 + 0.5);
            for _ in 0..requests {
                let input = Input::Event { event: (&self.request).into(), replay: false };
                self.partition.observe(self.partition.position(), now, input);
            }
            silent = if requests > 0 { 0 } else { silent + 1 };
            if silent >= 2 {
                self.partition.advance_idle(now);
            }
            self.told.extend(self.partition.take_transitions());
        }
    }

    fn story(&self) -> Vec<String> {
        self.told.iter().map(|told| format!("{}: {}", line(told), told.summary)).collect()
    }
}

/// Runs the services on two threads.
fn on_two_threads<T: Send>(services: u64, run: impl Fn(u64) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let run = &run;
        let halves = [0, 1].map(|half| scope.spawn(move || (half..services).step_by(2).map(run).collect::<Vec<_>>()));
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    })
}

fn healthy_weeks_raise_no_alert(services: u64, days: i64) {
    for told in on_two_threads(services, |number| {
        let mut service = Service::new(number);
        service.run(0, days * DAY, None);
        service.story()
    }) {
        assert_eq!(told, [""; 0]);
    }
}

/// Measures the seconds from each fault to the end of the window that fired, for silences and drops.
fn faults_are_reported(services: u64, days: i64) {
    let times = on_two_threads(services, |number| {
        let mut service = Service::new(number);
        let mut times = FAULTS.map(|_| Vec::new());
        let mut now = 0;
        loop {
            let mut from = now + service.rng.random_range(2 * HOUR..12 * HOUR);
            while !service.is_steady_at(from) {
                from += service.rng.random_range(0..HOUR);
            }
            if from + DAY > days * DAY {
                break;
            }
            service.run(now, from, None);
            assert_eq!(service.story(), [""; 0], "service {number}, before the fault at {from}");
            let kind = service.rng.random_range(0..FAULTS.len());
            let fault = Fault { from, left: FAULTS[kind].1 };
            service.run(from, from + FAULT, Some(fault));
            now = from + FAULT + 5 * MINUTE;
            service.run(from + FAULT, now, None);
            let told: Vec<AlertState> = service.told.iter().map(|told| told.state).collect();
            let story = service.story();
            assert_eq!(told, [AlertState::Firing, AlertState::Resolved], "service {number}, {fault:?}: {story:#?}");
            times[kind].push(seconds(service.told[0].window_end) as i64 - from);
            service.told.clear();
        }
        times
    });
    for (kind, (name, _, share, within)) in FAULTS.into_iter().enumerate() {
        let mut seconds: Vec<i64> = times.iter().flat_map(|times| times[kind].iter().copied()).collect();
        seconds.sort_unstable();
        let at = |share: usize| seconds[(seconds.len() - 1) * share / 100];
        println!(
            "{} {name}: half within {} s, 99 % within {} s, all within {} s",
            seconds.len(),
            at(50),
            at(99),
            at(100)
        );
        assert!(at(share) <= within, "{name}: {share} % within {} s", at(share));
    }
}

#[test]
fn three_healthy_days_raise_no_alert() {
    healthy_weeks_raise_no_alert(2, 3);
}

#[test]
fn every_silence_and_every_drop_of_four_days_is_reported_in_time() {
    faults_are_reported(2, 4);
}

#[test]
#[ignore = "takes minutes: cargo test --release -p tidewatch-detect --test weeks -- --ignored --nocapture"]
fn eight_healthy_weeks_of_twenty_services_raise_no_alert() {
    healthy_weeks_raise_no_alert(20, 56);
}

#[test]
#[ignore = "takes minutes: cargo test --release -p tidewatch-detect --test weeks -- --ignored --nocapture"]
fn every_silence_and_every_drop_of_eight_weeks_is_reported_in_time() {
    faults_are_reported(20, 56);
}
