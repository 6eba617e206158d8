//! The user-service: answers the api-gateway's requests for users, from a table that is always the same.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod metrics;
mod routes;
mod table;

use tidewatch_contract::http::users::INTERNAL_USER;
use tidewatch_sample::{Sample, SampleArgs};
use tidewatch_service::metrics::Family;
use tidewatch_service::{Parts, Service, Shutdown};

use crate::metrics::{METRICS, Metrics};

/// Flags of the user-service.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Its events.
    #[command(flatten)]
    pub sample: SampleArgs,
}

/// The user-service. Apart from its events, all of its work is to answer requests.
pub struct UserService(Sample);

impl Service for UserService {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::USER_SERVICE;
    const METRICS: &'static [Family] = METRICS;
    const LISTEN_HELP: &'static str = "Address of the API, and of the faults";
    type Config = Config;

    fn check(config: &Config) -> anyhow::Result<()> {
        Ok(config.sample.kafka.check()?)
    }

    fn build(config: Config, parts: &mut Parts) -> anyhow::Result<Self> {
        let metrics = Metrics::register(&parts.registry)?;
        let sample = Sample::new::<Self>(&config.sample, parts, INTERNAL_USER, routes::routes(metrics))?;
        Ok(Self(sample))
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        self.0.run(shutdown).await
    }
}
