//! Finds the programs of servers on this machine.
use std::fmt;
use std::path::{Path, PathBuf};

use tidewatch_platform::Server;

use crate::process::Search;

/// A server's program that can be run on this machine. Its [`Display`](fmt::Display) shows which one it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    title: &'static str,
    program: PathBuf,
}

/// The error for a server that was not found. Its one-line message says where it was searched for and, if
/// there is one, a way to get it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no {title} found: {advice}")]
pub struct NotFound {
    pub(crate) title: &'static str,
    pub(crate) advice: String,
}

/// The advice for programs that `tests/setup` can fetch.
pub(crate) const FETCHED: &str =
    "neither on PATH nor in ${XDG_CACHE_HOME:-~/.cache}/tidewatch/bin (tests/setup fetches it with apt or Go)";

impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.title, self.program.display())
    }
}

impl Installation {
    /// Returns the program's file.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Creates an installation whose program is this file; `title` is the server's name in messages.
    #[must_use]
    pub fn of(title: &'static str, program: PathBuf) -> Installation {
        Installation { title, program }
    }

    /// Finds the first of these programs, on PATH or among those fetched by `tests/setup`.
    pub(crate) fn find(server: Server, programs: &[&str], advice: &str) -> Result<Installation, NotFound> {
        let title = server.title;
        match Search::of_process().program(programs) {
            Some(program) => Ok(Installation { title, program }),
            None => Err(NotFound { title, advice: advice.to_owned() }),
        }
    }
}
