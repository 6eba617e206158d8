//! The mixes of requests of `tidewatch load --http`: when each request is due, and which user it asks for.

use std::time::Duration;

use tidewatch_contract::http::simulator::{FaultKind, FaultRequest};

/// In the mix `spike`, how often traffic spikes, for how long, and how much more it is then.
const SPIKE_EVERY: f64 = 30.0;
const SPIKE_LASTS: f64 = 5.0;
const SPIKE_FACTOR: f64 = 5.0;
/// In seconds, more than the rounding errors of the intervals in a load add up to.
const ROUNDING: f64 = 1e-6;

/// A mix of requests.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mix {
    /// Nine of ten requests are for users that exist, one of 20 is for an unknown one, and one of 20 is invalid
    Mixed,
    /// As mixed, and in each half minute five times the rate for five seconds
    Spike,
    /// As mixed, and meanwhile the service fails a fifth of its requests, by `tidewatch break`'s API
    Flaky,
    /// As mixed, and meanwhile the service takes ten times as long, by `tidewatch break`'s API
    Slow,
}

impl Mix {
    /// Returns the fault that the service has meanwhile.
    pub(super) fn fault(self) -> Option<FaultRequest> {
        match self {
            Self::Mixed | Self::Spike => None,
            Self::Flaky => Some(FaultRequest::new(FaultKind::ErrorRate, 0.2)),
            Self::Slow => Some(FaultRequest::new(FaultKind::Latency, 10.0)),
        }
    }

    /// Returns how much the rate is multiplied by at this time after the start.
    fn factor(self, at: f64) -> f64 {
        if self == Self::Spike && at % SPIKE_EVERY < SPIKE_LASTS { SPIKE_FACTOR } else { 1.0 }
    }
}

/// The requests of a load, in the order in which they are due.
pub(super) struct Schedule {
    mix: Mix,
    rate: f64,
    end: f64,
    next: f64,
    number: u64,
}

impl Schedule {
    /// Returns the schedule of this many requests per second, for this long.
    pub(super) fn new(mix: Mix, rate: f64, lasts: Duration) -> Self {
        Self { mix, rate, end: lasts.as_secs_f64(), next: 0.0, number: 0 }
    }
}

impl Iterator for Schedule {
    /// When a request is due, after the start, and its path.
    type Item = (Duration, String);

    fn next(&mut self) -> Option<Self::Item> {
        let due = self.next;
        if due + ROUNDING >= self.end {
            return None;
        }
        let number = self.number;
        self.number += 1;
        self.next += 1.0 / (self.rate * self.mix.factor(due));
        let id = match number % 20 {
            0 => "123".to_owned(),
            6 => "999".to_owned(),
            13 => "me".to_owned(),
            other => (other + 1).to_string(),
        };
        Some((Duration::from_secs_f64(due), format!("/user/{id}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(mix: Mix, from: u64, to: u64) -> usize {
        let range = Duration::from_secs(from)..Duration::from_secs(to);
        Schedule::new(mix, 10.0, Duration::from_secs(60)).filter(|(due, _)| range.contains(due)).count()
    }

    #[test]
    fn a_spike_is_five_times_the_rate() {
        assert_eq!(between(Mix::Mixed, 0, 60), 600);
        assert!((249..=251).contains(&between(Mix::Spike, 0, 5)));
        assert!((249..=251).contains(&between(Mix::Spike, 5, 30)));
        assert!((249..=251).contains(&between(Mix::Spike, 30, 35)));
    }

    #[test]
    fn one_of_twenty_requests_is_for_an_unknown_user_and_one_is_invalid() {
        let schedule = Schedule::new(Mix::Mixed, 100.0, Duration::from_secs(1));
        let paths: Vec<String> = schedule.map(|(_, path)| path).collect();
        let count = |path: &str| paths.iter().filter(|other| *other == path).count();
        assert_eq!((paths.len(), count("/user/999"), count("/user/me"), count("/user/123")), (100, 5, 5, 5));
    }
}
