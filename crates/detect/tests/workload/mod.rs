//! The simulator's default workload: four services in three regions, 20 events per second and service.
#![allow(dead_code, unreachable_pub)]

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp, LogNormal};
use tidewatch_contract::RequestEvent;

use crate::scenario::{Sent, event};

/// Service, and the median and P99 of its latency in milliseconds.
pub const SERVICES: [(&str, f64, f64); 4] = [
    ("api-service", 40.0, 120.0),
    ("auth-service", 45.0, 140.0),
    ("payment-service", 60.0, 200.0),
    ("user-service", 50.0, 160.0),
];
pub const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];
const PER_SECOND: f64 = 20.0;
const ERROR_RATE: f64 = 0.0001;
const SPIKE_PROBABILITY: f64 = 0.0002;
/// The 99 % quantile of the standard normal distribution.
const Z99: f64 = 2.326;

pub struct Workload {
    rng: StdRng,
}

impl Workload {
    pub fn new(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed) }
    }

    pub fn run(&mut self, seconds: f64) -> Vec<Sent> {
        self.run_with(seconds, |_, _| true)
    }

    /// Runs for `seconds`. `fault` may change an event; if it returns false, the event is not sent.
    pub fn run_with(&mut self, seconds: f64, fault: impl Fn(&mut StdRng, &mut RequestEvent) -> bool) -> Vec<Sent> {
        let between = Exp::new(PER_SECOND).unwrap();
        let mut stream = Vec::new();
        for (service, median, p99) in SERVICES {
            let latency = LogNormal::new(f64::ln(median), f64::ln(p99 / median) / Z99).unwrap();
            let mut time = 0.0;
            loop {
                time += between.sample(&mut self.rng);
                if time >= seconds {
                    break;
                }
                let region = REGIONS[self.rng.random_range(0..REGIONS.len())];
                let mut event = event(service, region, time);
                let spike = if self.rng.random_bool(SPIKE_PROBABILITY) { 10.0 } else { 1.0 };
                event.latency_ms = Some(latency.sample(&mut self.rng) * spike);
                if self.rng.random_bool(ERROR_RATE) {
                    event.status_code = 500;
                }
                if fault(&mut self.rng, &mut event) {
                    stream.push(Sent::new(time + self.rng.random_range(0.0..0.5), event));
                }
            }
        }
        stream.sort_by(|a, b| a.appended.total_cmp(&b.appended));
        stream
    }
}
