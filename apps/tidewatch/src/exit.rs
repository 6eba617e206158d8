//! Exit codes: 0, 1 for what failed, 64 for what was asked wrongly (`EX_USAGE` of sysexits.h).

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use tidewatch_service::printable_lines;

const FAILED: u8 = 1;
const USAGE: u8 = 64;

/// An error in what was asked for: a flag, an argument, a file that isn't there. It is one sentence for the user.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(String);

/// A usage error of this sentence, for `?` and `bail!`-like returns.
pub(crate) fn usage(sentence: impl Display) -> anyhow::Error {
    Usage(sentence.to_string()).into()
}

/// The exit code of a verb's outcome; an error is told on stderr in one line.
pub(crate) fn of(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    // The exit code is the message to whoever closed stderr.
    let _ = writeln!(std::io::stderr(), "error: {}", printable_lines(format_args!("{error:#}")));
    if error.is::<Usage>() { USAGE.into() } else { FAILED.into() }
}

/// The exit code of what clap refused or, for `--help` and `--version`, printed.
pub(crate) fn of_clap(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { USAGE.into() } else { ExitCode::SUCCESS }
}
