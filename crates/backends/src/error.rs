//! Why a server could not be brought up.
use std::path::{Path, PathBuf};

use tidewatch_process::{PortError, StartError};

/// Why a server could not be brought up.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// Its port can't be had.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Its directory can't be used.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as in "cannot `create` ...".
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended before it was ready, or is not ready in time.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The HTTP client that asks whether it is ready can't be made.
    #[error("cannot set up an HTTP client: {0}")]
    Client(reqwest::Error),
}

impl BackendError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| BackendError::Io { action, path: path.to_owned(), source }
    }
}
