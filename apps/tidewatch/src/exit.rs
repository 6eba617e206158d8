//! Exit codes: 0 for success, 1 for a failure, 64 for a usage error (`EX_USAGE` in sysexits.h).

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use anyhow::anyhow;
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

/// Adds to the error of a request to a running `tidewatch up` that it may have ended, if there was no answer.
pub(crate) fn suggest_up(error: anyhow::Error) -> anyhow::Error {
    let unreachable = error.downcast_ref().is_some_and(tidewatch_client::Error::is_unreachable);
    if unreachable { anyhow!("{error:#}; is `tidewatch up` still running?") } else { error }
}

/// Returns the exit code for a verb's outcome, and prints an error on stderr.
pub(crate) fn of(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    // If stderr is closed, the exit code is the only message.
    let _ = writeln!(std::io::stderr(), "error: {}", printable_lines(format_args!("{error:#}")));
    if error.is::<Usage>() { USAGE.into() } else { FAILED.into() }
}

/// Prints clap's error or, for `--help` and `--version`, its output, and returns the exit code.
pub(crate) fn of_clap(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { USAGE.into() } else { ExitCode::SUCCESS }
}

#[cfg(test)]
mod tests {
    use tidewatch_client::{Client, HttpUrl};

    use super::*;

    #[tokio::test]
    async fn only_a_request_without_an_answer_suggests_that_tidewatch_ended() {
        let nobody: HttpUrl = "http://127.0.0.1:1".parse().unwrap();
        let error = Client::new("console", nobody, crate::http::LIMIT).unwrap().probe("/").await.unwrap_err();
        let text = suggest_up(error.into()).to_string();
        assert!(text.starts_with("request to console at http://127.0.0.1:1 failed: "), "{text}");
        assert!(text.ends_with("; is `tidewatch up` still running?"), "{text}");
        assert!(suggest_up(usage("--for: too long")).is::<Usage>());
    }
}
