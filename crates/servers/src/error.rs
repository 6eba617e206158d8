//! Why a server could not be brought up.
use std::path::{Path, PathBuf};

use crate::process::{PortError, StartError};

/// Why a server could not be brought up.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
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
    /// What has to be done before its first start failed.
    #[error("{name} could not {purpose} in {}:\n{said}", dir.display())]
    Preparation {
        /// The server's name.
        name: &'static str,
        /// What was to be done, as in "could not `format its storage`".
        purpose: &'static str,
        /// The server's directory.
        dir: PathBuf,
        /// The last lines of what the tool printed.
        said: String,
    },
    /// The HTTP client that asks whether it is ready can't be made.
    #[error("cannot set up an HTTP client: {0}")]
    Client(reqwest::Error),
}

impl ServerError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| ServerError::Io { action, path: path.to_owned(), source }
    }
}
