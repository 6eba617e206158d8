//! The simulator's command-line flags.

use tidewatch_kafka::KafkaArgs;
use tidewatch_workload::Workload;

/// Flags of the workload simulator.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// The broker.
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// Requests per second and service, across all its regions
    #[arg(long, env = "EVENTS_PER_SECOND", default_value_t = Workload::EVENTS_PER_SECOND,
          allow_negative_numbers = true, value_parser = rate)]
    pub events_per_second: f64,
    /// Share of requests that fail without a fault, 0 to 1
    #[arg(long, env = "ERROR_RATE", default_value_t = Workload::ERROR_RATE, allow_negative_numbers = true,
          value_parser = share)]
    pub error_rate: f64,
    /// Share of requests whose latency spikes without a fault, 0 to 1
    #[arg(long, env = "LATENCY_SPIKE_PROBABILITY", default_value_t = Workload::LATENCY_SPIKE_PROBABILITY,
          allow_negative_numbers = true, value_parser = share)]
    pub latency_spike_probability: f64,
    /// Seed that repeats the workload of an earlier run; without it every run differs
    #[arg(long, env = "SEED")]
    pub seed: Option<u64>,
}

impl Config {
    pub(crate) fn workload(&self) -> Workload {
        Workload::new(self.events_per_second, self.error_rate, self.latency_spike_probability)
    }
}

/// Parses a number of requests per second and service.
pub fn rate(text: &str) -> Result<f64, String> {
    number(text).filter(|rate| (0.001..=100_000.0).contains(rate)).ok_or_else(|| "expected 0.001 to 100000".to_owned())
}

/// Parses a share between 0 and 1.
pub fn share(text: &str) -> Result<f64, String> {
    number(text).filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "expected a share of 0 to 1".to_owned())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_rates_out_of_range_are_refused() {
        for text in ["-0.1", "1.1", "NaN", "inf", "", "x"] {
            assert!(share(text).is_err(), "{text}");
        }
        for text in ["0", "-20", "NaN", "inf", "1e9", ""] {
            assert!(rate(text).is_err(), "{text}");
        }
        assert_eq!((share("0"), share("1"), rate("20")), (Ok(0.0), Ok(1.0), Ok(20.0)));
    }
}
