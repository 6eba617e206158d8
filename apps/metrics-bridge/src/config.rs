//! The bridge's flags.

use std::time::Duration;

use tidewatch_kafka::KafkaArgs;

/// How much later than its interval a scrape may come and still see a new series at 0.
const LATE: Duration = Duration::from_secs(1);

/// Flags of the metrics bridge.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// The broker.
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// Maximum number of series for the monitored services; events beyond it are counted as `overflow`
    // All of them have to fit into one checkpoint, and Kafka accepts up to 4 MiB.
    #[arg(long, env = "MAX_SERIES", default_value_t = 20_000,
          value_parser = clap::value_parser!(u32).range(500..=50_000))]
    pub max_series: u32,
    /// Longest scrape interval of any scraper, in seconds; a new series is shown as 0 for one second longer
    #[arg(long, env = "SCRAPE_INTERVAL", value_name = "SECONDS", default_value_t = 15,
          value_parser = clap::value_parser!(u16).range(1..=600))]
    pub scrape_interval: u16,
}

impl Config {
    /// Returns how long a new series is shown as 0.
    pub(crate) fn hold(&self) -> Duration {
        Duration::from_secs(self.scrape_interval.into()) + LATE
    }
}
