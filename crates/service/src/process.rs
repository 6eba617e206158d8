//! The life cycle of a service's process: flags, telemetry, binding, work, signals, exit code.
use crate::flags::{Variables, matches, with_variables};
use crate::{Bound, DRAIN, ListenArgs, Service, Shutdown, init, printable_lines};
use anyhow::{Context, anyhow};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use std::{fmt::Display, io::Write, process::ExitCode, time::Duration};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Invalid flags, variables or files, or a port in use: the service did not start (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;
/// The service ran and failed.
const FAILED: u8 = 1;

/// Runs a service as this process. The exit code is 64 if its configuration is invalid; 1 if it fails, has not drained
/// 10 s after SIGTERM or SIGINT, or receives a second such signal; and 0 after an orderly shutdown.
pub fn main<S: Service>() -> ExitCode {
    let mut command = with_variables(command::<S>(), Variables::OwnProcess);
    let (config, listen) = match matches(&mut command, std::env::args_os()).and_then(|matches| flags::<S>(&matches)) {
        Ok(flags) => flags,
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
    let code = runtime.block_on(supervise::<S>(config, listen));
    runtime.shutdown_timeout(Duration::from_secs(1));
    drop(telemetry);
    code
}

fn command<S: Service>() -> Command {
    // The description is set last: flattened groups of flags bring descriptions of their own.
    ListenArgs::augment::<S>(S::Config::augment_args(Command::new(S::NAME)))
        .about(S::ENTRY.about)
        .long_about(None::<&str>)
        .version(env!("CARGO_PKG_VERSION"))
}

fn flags<S: Service>(matches: &ArgMatches) -> Result<(S::Config, ListenArgs), clap::Error> {
    Ok((S::Config::from_arg_matches(matches)?, ListenArgs::of::<S>(matches)?))
}

fn refuse(why: impl Display) -> ExitCode {
    // If stderr is closed, the exit code still reports the error.
    let _ = writeln!(std::io::stderr(), "error: {}", printable_lines(why));
    USAGE.into()
}

async fn supervise<S: Service>(config: S::Config, listen: ListenArgs) -> ExitCode {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return refuse(format_args!("can't listen for SIGTERM and SIGINT: {error}")),
    };
    let bound = tokio::select! {
        bound = Bound::<S>::new(config, &listen) => bound,
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

async fn run<S: Service>(service: Bound<S>, mut signals: Signals) -> anyhow::Result<()> {
    let shutdown = Shutdown::new();
    tracing::info!("{} {} is starting", S::NAME, env!("CARGO_PKG_VERSION"));
    let mut work = tokio::spawn(service.run(shutdown.clone()));
    tokio::select! {
        ended = &mut work => {
            ended.context("it panicked")??;
            return Err(anyhow!("it ended by itself"));
        }
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
