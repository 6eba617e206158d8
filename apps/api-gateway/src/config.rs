//! The api-gateway's command-line flags.

use std::num::NonZeroU32;
use std::time::Duration;

use tidewatch_client::HttpUrl;
use tidewatch_platform::USER_SERVICE_PAGE;
use tidewatch_sample::SampleArgs;
use tidewatch_service::flags;

/// Flags of the api-gateway.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Its events.
    #[command(flatten)]
    pub sample: SampleArgs,
    /// URL of the user-service
    #[arg(long, env = "USER_SERVICE", value_name = "URL", hide_env_values = true,
          default_value_t = HttpUrl::from(USER_SERVICE_PAGE.on_loopback()))]
    pub user_service: HttpUrl,
    /// How long the user-service may take before the answer is 504
    #[arg(long, env = "UPSTREAM_TIMEOUT", value_name = "DURATION", default_value = "1s",
          value_parser = flags::duration)]
    pub upstream_timeout: Duration,
    /// Requests per second, of all clients together, beyond which the answer is 429; as many may come at once
    #[arg(long, env = "RATE_LIMIT", value_name = "REQUESTS", default_value = "10000")]
    pub rate_limit: NonZeroU32,
    /// Requests at the same time beyond which the answer is 503
    #[arg(long, env = "CONCURRENCY", value_name = "REQUESTS", default_value = "200",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub concurrency: u32,
    /// How long the user-service isn't asked after half of the last 20 requests to it failed; meanwhile the answer is
    /// 503
    #[arg(long, env = "BREAKER_OPEN", value_name = "DURATION", default_value = "5s", value_parser = flags::duration)]
    pub breaker_open: Duration,
}
