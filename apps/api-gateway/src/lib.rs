//! The api-gateway: answers requests for users from the user-service, and protects both from too much work.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod admission;
mod breaker;
mod config;
mod metrics;
mod rate;
mod routes;

use anyhow::Context;
use tidewatch_client::UserService;
use tidewatch_contract::http::users::USER;
use tidewatch_sample::Sample;
use tidewatch_service::metrics::Family;
use tidewatch_service::{Parts, Service, Shutdown};

use crate::admission::Admission;
use crate::breaker::Breaker;
use crate::metrics::{METRICS, Metrics};
use crate::routes::Gateway;

pub use config::Config;

/// The api-gateway. Apart from its events, all of its work is to answer requests.
pub struct ApiGateway(Sample);

impl Service for ApiGateway {
    const ENTRY: tidewatch_platform::Service = tidewatch_platform::API_GATEWAY;
    const METRICS: &'static [Family] = METRICS;
    const LISTEN_HELP: &'static str = "Address of the API, and of the faults";
    type Config = Config;

    fn check(config: &Config) -> anyhow::Result<()> {
        Ok(config.sample.kafka.check()?)
    }

    fn build(config: Config, parts: &mut Parts) -> anyhow::Result<Self> {
        let metrics = Metrics::register(&parts.registry)?;
        let users = UserService::new(config.user_service, config.upstream_timeout).context("--user-service")?;
        let admission = Admission::new(config.rate_limit, config.concurrency, metrics.clone());
        let breaker = Breaker::new(config.breaker_open, metrics.clone());
        let routes = admission.protect(routes::routes(Gateway::new(users, breaker, metrics)));
        Ok(Self(Sample::new::<Self>(&config.sample, parts, USER, routes)?))
    }

    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        self.0.run(shutdown).await
    }
}
