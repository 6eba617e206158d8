//! The life cycle of a service's process: flags, telemetry, binding, work, signals, exit code.
use crate::flags::{Variables, matches, with_variables};
use crate::{Admin, AdminArgs, Health, Shutdown, init, printable_lines, registry};
use anyhow::{Context, anyhow};
use clap::{Args, Command, FromArgMatches};
use prometheus::Registry;
use std::{fmt::Display, future::Future, io::Write, net::SocketAddr, process::ExitCode, time::Duration};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Invalid flags, variables or files, or a port in use: the service did not start (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;
/// The service ran and failed.
const FAILED: u8 = 1;
/// How long a service may take to drain after a shutdown signal.
const DRAIN: Duration = Duration::from_secs(10);

/// The parts that every service has, created before the service itself.
#[derive(Debug)]
pub struct Parts {
    /// Holds the service's metrics; the metrics common to all services are already registered.
    pub registry: Registry,
    /// Holds the service's readiness conditions.
    pub health: Health,
    /// The bound admin listener, which the service serves while it runs.
    pub admin: Admin,
}

/// One of Tidewatch's long-running programs.
pub trait Service: Sized + Send + 'static {
    /// Its entry in the registry.
    const ENTRY: tidewatch_platform::Service;
    /// Name of the program and of the service in logs, traces and metrics, such as `alert-relay`.
    const NAME: &'static str = Self::ENTRY.name;
    /// Its purpose, in one sentence for `--help`.
    const ABOUT: &'static str;
    /// Its flags, each with an environment variable.
    type Config: Args + Send;

    /// Returns the flags of its admin listener.
    fn admin_args(config: &Self::Config) -> &AdminArgs;

    /// Checks the configuration as far as possible without binding a port. An error is one sentence that names the
    /// flag.
    fn check(_: &Self::Config) -> anyhow::Result<()> {
        Ok(())
    }

    /// Builds the service from its configuration and `parts`, and binds its page, without running anything yet. An
    /// error is one sentence that names the flag.
    fn build(config: Self::Config, parts: Parts) -> impl Future<Output = anyhow::Result<Self>> + Send;

    /// Checks the configuration, binds the admin listener and builds the service. An error ends the process with exit
    /// code 64 and one sentence that names the flag.
    fn bind(config: Self::Config) -> impl Future<Output = anyhow::Result<Self>> + Send {
        async {
            Self::check(&config)?;
            let args = Self::admin_args(&config).clone();
            let (registry, health) = (registry(Self::NAME), Health::new());
            let admin = Admin::bind(&args, registry.clone(), health.clone()).await?;
            Self::build(config, Parts { registry, health, admin }).await
        }
    }

    /// Returns the address of its page or API, with the actual port if port 0 was requested.
    fn page_addr(&self) -> Option<SocketAddr> {
        None
    }

    /// Returns the address of its admin listener, with the actual port if port 0 was requested.
    fn admin_addr(&self) -> SocketAddr;

    /// Works until `shutdown` triggers, then drains (within 10 s) and returns.
    fn run(self, shutdown: Shutdown) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Runs a service as this process. The exit code is 64 if its configuration is invalid; 1 if it fails, has not drained
/// 10 s after SIGTERM or SIGINT, or receives a second such signal; and 0 after an orderly shutdown.
pub fn main<S: Service>() -> ExitCode {
    // Set last: flattened groups of flags bring descriptions of their own.
    let command = S::Config::augment_args(Command::new(S::NAME))
        .about(S::ABOUT)
        .long_about(None::<&str>)
        .version(env!("CARGO_PKG_VERSION"));
    let mut command = with_variables(command, Variables::OwnProcess);
    let matches = matches(&mut command, std::env::args_os());
    let config = match matches.and_then(|matches| S::Config::from_arg_matches(&matches)) {
        Ok(config) => config,
        Err(error) => {
            // A closed stdout or stderr doesn't affect the exit code.
            let _ = error.print();
            return if error.use_stderr() { USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    let telemetry = match init(S::NAME) {
        Ok(guard) => guard,
        Err(error) => return refuse(format_args!("{error:#}")),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(format_args!("can't start the runtime's threads: {error}")),
    };
    let code = runtime.block_on(supervise::<S>(config));
    runtime.shutdown_timeout(Duration::from_secs(1));
    drop(telemetry);
    code
}

fn refuse(why: impl Display) -> ExitCode {
    // If stderr is closed, the exit code still reports the error.
    let _ = writeln!(std::io::stderr(), "error: {}", printable_lines(why));
    USAGE.into()
}

async fn supervise<S: Service>(config: S::Config) -> ExitCode {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return refuse(format_args!("can't listen for SIGTERM and SIGINT: {error}")),
    };
    let bound = tokio::select! {
        bound = S::bind(config) => bound,
        () = signals.recv() => return ExitCode::SUCCESS,
    };
    let service = match bound {
        Ok(service) => service,
        Err(error) => return refuse(format_args!("{error:#}")),
    };
    match run(service, signals).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{} failed: {error:#}", S::NAME);
            FAILED.into()
        }
    }
}

async fn run<S: Service>(service: S, mut signals: Signals) -> anyhow::Result<()> {
    let shutdown = Shutdown::new();
    tracing::info!("{} {} is starting", S::NAME, env!("CARGO_PKG_VERSION"));
    let mut work = tokio::spawn(service.run(shutdown.clone()));
    tokio::select! {
        ended = &mut work => return ended.context("it panicked")?,
        () = signals.recv() => tracing::info!("shutdown signal received, draining"),
    }
    shutdown.trigger();
    tokio::select! {
        ended = &mut work => ended.context("it panicked")??,
        () = tokio::time::sleep(DRAIN) => return Err(anyhow!("not drained after {} s", DRAIN.as_secs())),
        () = signals.recv() => return Err(anyhow!("second shutdown signal received before it was drained")),
    }
    tracing::info!("{} has drained and exits", S::NAME);
    Ok(())
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn recv(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
