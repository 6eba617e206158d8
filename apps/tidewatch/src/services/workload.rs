//! The simulated workload of `up`.

use tidewatch_workload::Workload;
use workload_simulator::{Config, WorkloadSimulator};

use crate::flags;

/// The workload simulator's flags that `up` passes on to it.
#[derive(clap::Args, Debug, Clone)]
pub struct WorkloadArgs {
    /// Requests per second of each of the four services
    #[arg(long, env = "TIDEWATCH_EVENTS_PER_SECOND", value_name = "RATE",
          default_value_t = Workload::EVENTS_PER_SECOND, value_parser = workload_simulator::rate,
          allow_hyphen_values = true)]
    pub events_per_second: f64,
    /// Share of requests that fail without a fault
    #[arg(long, env = "TIDEWATCH_ERROR_RATE", value_name = "SHARE", value_parser = workload_simulator::share,
          help = format!("Share of requests that fail without a fault [default: {}]", Workload::ERROR_RATE))]
    pub error_rate: Option<f64>,
    /// Share of requests whose latency spikes without a fault
    #[arg(long, env = "TIDEWATCH_LATENCY_SPIKE_PROBABILITY", value_name = "SHARE",
          value_parser = workload_simulator::share,
          help = format!("Share of requests whose latency spikes without a fault [default: {}]",
                         Workload::LATENCY_SPIKE_PROBABILITY))]
    pub latency_spike_probability: Option<f64>,
    /// Repeat the workload of an earlier run; without it every run differs
    #[arg(long, env = "TIDEWATCH_SEED")]
    pub seed: Option<u64>,
}

impl Default for WorkloadArgs {
    fn default() -> Self {
        Self {
            events_per_second: Workload::EVENTS_PER_SECOND,
            error_rate: None,
            latency_spike_probability: None,
            seed: None,
        }
    }
}

impl WorkloadArgs {
    /// Returns the simulator's configuration with this workload.
    pub(super) fn configuration(&self) -> anyhow::Result<Config> {
        let own = ["events_per_second", "error_rate", "latency_spike_probability", "seed"];
        let defaults = flags::from_environment::<WorkloadSimulator>(&own)?;
        Ok(Config {
            events_per_second: self.events_per_second,
            error_rate: self.error_rate.unwrap_or(defaults.error_rate),
            latency_spike_probability: self.latency_spike_probability.unwrap_or(defaults.latency_spike_probability),
            seed: self.seed,
            ..defaults
        })
    }
}
