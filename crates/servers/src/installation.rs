//! Finds the servers on this machine.
use std::fmt;
use std::path::{Path, PathBuf};

use crate::process::Search;

/// A server's program that can be run here. Its [`Display`](fmt::Display) says which one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    name: &'static str,
    program: PathBuf,
}

/// A server was not found. Its message, one line, says where was looked and what helps.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no {name} found: {advice}")]
pub struct NotFound {
    name: &'static str,
    advice: &'static str,
}

impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.name, self.program.display())
    }
}

const FETCHED: &str =
    "neither on PATH nor in ${XDG_CACHE_HOME:-~/.cache}/tidewatch/bin (tests/setup fetches it where apt or Go is)";

impl Installation {
    /// Prometheus, from PATH or from what `tests/setup` fetched.
    ///
    /// # Errors
    /// When it is in neither.
    pub fn prometheus() -> Result<Installation, NotFound> {
        discover("prometheus", &["prometheus"], FETCHED)
    }

    /// Alertmanager, likewise.
    ///
    /// # Errors
    /// When it is in neither place.
    pub fn alertmanager() -> Result<Installation, NotFound> {
        discover("alertmanager", &["alertmanager"], FETCHED)
    }

    /// Grafana, `grafana` or `grafana-server`, likewise.
    ///
    /// # Errors
    /// When it is in neither place.
    pub fn grafana() -> Result<Installation, NotFound> {
        discover("grafana", &["grafana", "grafana-server"], "it is not on PATH")
    }

    /// The server's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The program's file.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// One whose program is this file.
    #[must_use]
    pub fn of(name: &'static str, program: PathBuf) -> Installation {
        Installation { name, program }
    }
}

fn discover(name: &'static str, programs: &[&str], advice: &'static str) -> Result<Installation, NotFound> {
    match Search::of_process().program(programs) {
        Some(program) => Ok(Installation { name, program }),
        None => Err(NotFound { name, advice }),
    }
}
