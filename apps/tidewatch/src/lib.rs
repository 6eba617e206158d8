//! The `tidewatch` command: starts all of Tidewatch, breaks and heals its services, replays logs, and shows what is
//! going on.
//!
//! Every verb is a separate module. Verbs find a running `tidewatch up` through `endpoints.json` in the state
//! directory, or what runs in a cluster through the cluster's API. They exit with 0, 1 (failure) or 64 (usage error).
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backup;
mod bench;
pub mod catalogue;
mod destination;
mod exit;
mod faults;
mod flags;
pub mod fleet;
mod http;
mod inbox;
mod interrupt;
mod load;
mod places;
mod processor;
mod progress;
mod promises;
mod replay;
mod say;
pub mod services;
mod simulator;
mod slo;
mod state;
mod status;
mod table;
mod target;
mod topics;
mod up;
mod variables;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tidewatch_service::flags::{matches, with_variables};

use crate::target::TargetArgs;

/// Tidewatch: real-time observability that you can break on purpose
///
/// Start everything on this machine with `tidewatch up`, break a service with `tidewatch break`, and watch in the
/// console how the fault is detected.
#[derive(Parser)]
#[command(name = "tidewatch", version, max_term_width = 80, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    target: TargetArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Up(up::Args),
    Break(faults::BreakArgs),
    Heal(faults::HealArgs),
    Status(status::Args),
    Replay(replay::Args),
    Load(load::Args),
    Slo(slo::Args),
    Topics(topics::Args),
    Backup(backup::Args),
    Verify(verify::Args),
    Bench(bench::Args),
}

/// Runs this process's command line.
pub fn main() -> ExitCode {
    let mut command = with_variables(Cli::command(), variables::OF_THE_SHELL);
    let parsed = matches(&mut command, std::env::args_os()).and_then(|matches| {
        variables::warn_of_former_names(&command, &matches);
        Cli::from_arg_matches(&matches)
    });
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return exit::of_clap(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::of(Err(anyhow::anyhow!("can't start the runtime's threads: {error}"))),
    };
    let Cli { target, verb } = cli;
    let suggest = |error| if target.is_local() { exit::suggest_up(error) } else { error };
    let outcome = runtime.block_on(async {
        target.check()?;
        match verb {
            Verb::Up(args) => {
                target.refuse_for("up")?;
                up::run(args).await
            }
            Verb::Break(args) => faults::inject(args, &target).await.map_err(suggest),
            Verb::Heal(args) => faults::heal(args, &target).await.map_err(suggest),
            Verb::Status(args) => status::run(args, &target).await.map_err(suggest),
            Verb::Replay(args) => replay::run(args, &target).await,
            Verb::Load(args) => load::run(args, &target).await,
            Verb::Slo(args) => slo::run(args, &target).await,
            Verb::Topics(args) => topics::run(args, &target).await,
            Verb::Backup(args) => backup::run(args, &target).await,
            Verb::Verify(args) => verify::run(args, &target).await,
            Verb::Bench(args) => {
                target.refuse_for("bench")?;
                bench::run(args).await
            }
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    exit::of(outcome)
}

/// Returns the program name as the user typed it, for commands that they can copy.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "tidewatch".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_explains_every_verb_and_flag() {
        let mut cli = Cli::command();
        cli.build();
        for verb in cli.get_subcommands_mut() {
            assert!(verb.get_about().is_some(), "{}", verb.get_name());
            for argument in verb.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", verb.get_name(), argument.get_id());
            }
        }
    }
}
