//! Exit codes: 0 for success, 1 for a failure, 64 for a usage error (`EX_USAGE` in sysexits.h).

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use tidewatch_service::printable_lines;

const FAILED: u8 = 1;
const USAGE: u8 = 64;

/// A usage error: a wrong flag or argument, or a file that doesn't exist. The message is for the user.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(String);

/// Returns a usage error with this message.
pub(crate) fn usage(sentence: impl Display) -> anyhow::Error {
    Usage(sentence.to_string()).into()
}

/// Returns the exit code for a verb's outcome, and prints an error on stderr.
pub(crate) fn of(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let unreachable =
        error.chain().filter_map(|cause| cause.downcast_ref()).any(tidewatch_client::Error::is_unreachable);
    let hint = if unreachable { "; is `tidewatch up` still running?" } else { "" };
    // If stderr is closed, the exit code is the only message.
    let _ = writeln!(std::io::stderr(), "error: {}", printable_lines(format_args!("{error:#}{hint}")));
    if error.is::<Usage>() { USAGE.into() } else { FAILED.into() }
}

/// Prints clap's error or, for `--help` and `--version`, its output, and returns the exit code.
pub(crate) fn of_clap(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { USAGE.into() } else { ExitCode::SUCCESS }
}
