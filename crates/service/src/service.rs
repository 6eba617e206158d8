//! The trait that every service implements.
use crate::{Parts, Shutdown, metrics::Family};
use std::{future::Future, time::Duration};

/// How long a service may take to drain after a shutdown signal.
pub const DRAIN: Duration = Duration::from_secs(10);
/// The part of [`DRAIN`] that [`Service::run`] has; the rest is for the listeners.
pub const RUN_DRAIN: Duration = DRAIN.saturating_sub(Duration::from_secs(1));

/// One of Tidewatch's long-running programs.
///
/// The framework adds the flags of its listeners, binds and serves them: see [`crate::Bound`].
pub trait Service: Sized + Send + 'static {
    /// Its entry in the registry.
    const ENTRY: tidewatch_platform::Service;
    /// Name of the program and of the service in logs, traces and metrics, such as `alert-relay`.
    const NAME: &'static str = Self::ENTRY.name;
    /// The metrics that only it exposes.
    const METRICS: &'static [Family];
    /// The help text of `--listen`, the address of its page or API.
    const LISTEN_HELP: &'static str = "Address of the page";
    /// Its flags besides those of the listeners, each with an environment variable.
    type Config: clap::Args + Send;

    /// Checks the configuration as far as possible without binding a port. An error is one sentence that names the
    /// flag.
    fn check(_: &Self::Config) -> anyhow::Result<()> {
        Ok(())
    }

    /// Builds the service from its configuration, without running anything yet. It gives the routes that it wants to be
    /// served to `parts`. An error is one sentence that names the flag.
    fn build(config: Self::Config, parts: &mut Parts) -> anyhow::Result<Self>;

    /// Works until `shutdown` triggers, then drains within [`RUN_DRAIN`] and returns.
    fn run(self, shutdown: Shutdown) -> impl Future<Output = anyhow::Result<()>> + Send;
}
