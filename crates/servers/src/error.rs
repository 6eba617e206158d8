//! The reasons why a server could not be started.
use std::path::{Path, PathBuf};

use crate::process::{PortError, StartError};

/// The reason why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Its port is not available.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Its directory can't be used.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The action that failed, as in "cannot `create` ...".
        action: &'static str,
        /// The file concerned.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// It ended before it was ready, or was not ready in time.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The preparation for its first start failed.
    #[error("{name} could not {purpose} in {}:\n{said}", dir.display())]
    Preparation {
        /// The server's name.
        name: &'static str,
        /// The purpose of the preparation, as in "could not `format its storage`".
        purpose: &'static str,
        /// The server's directory.
        dir: PathBuf,
        /// The last lines of the tool's output.
        said: String,
    },
    /// The HTTP client for the readiness check can't be created.
    #[error(transparent)]
    Client(tidewatch_client::Error),
}

impl ServerError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| ServerError::Io { action, path: path.to_owned(), source }
    }
}
