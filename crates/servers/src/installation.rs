//! Finds the programs of servers on this machine.
use std::fmt;
use std::path::{Path, PathBuf};

use crate::process::Search;

/// A server's program that can be run on this machine. Its [`Display`](fmt::Display) shows which one it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    name: &'static str,
    program: PathBuf,
}

/// The error for a server that was not found. Its one-line message says where it was searched for and, if
/// there is one, a way to get it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no {name} found: {advice}")]
pub struct NotFound {
    pub(crate) name: &'static str,
    pub(crate) advice: String,
}

/// The advice for programs that `tests/setup` can fetch.
pub(crate) const FETCHED: &str =
    "neither on PATH nor in ${XDG_CACHE_HOME:-~/.cache}/tidewatch/bin (tests/setup fetches it where apt or Go is)";

impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.name, self.program.display())
    }
}

impl Installation {
    /// Returns the server's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the program's file.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Creates an installation whose program is this file.
    #[must_use]
    pub fn of(name: &'static str, program: PathBuf) -> Installation {
        Installation { name, program }
    }

    /// Finds the first of these programs, on PATH or among those fetched by `tests/setup`.
    pub(crate) fn find(name: &'static str, programs: &[&str], advice: &str) -> Result<Installation, NotFound> {
        match Search::of_process().program(programs) {
            Some(program) => Ok(Installation { name, program }),
            None => Err(NotFound { name, advice: advice.to_owned() }),
        }
    }
}
