//! Brokers that Tidewatch can bring along itself: librdkafka's in-process one and a supervised Apache Kafka.
mod in_process;
mod installation;
mod programs;
mod properties;
mod ready;
mod real;

use std::path::{Path, PathBuf};

pub use in_process::InProcess;
pub use installation::{Installation, NotFound};
pub use real::RealKafka;
pub use tidewatch_process::Port;

/// Why a broker could not be brought up.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// librdkafka refused to make its in-process cluster or a topic in it.
    #[error("the in-process broker did not start: {0}")]
    InProcess(String),
    /// Its port can't be had.
    #[error(transparent)]
    Port(#[from] tidewatch_process::PortError),
    /// The state directory can't be used, or a program can't be run.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as in "cannot `create` ...".
        action: &'static str,
        /// On which file or program.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Kafka's storage tool ended with an error.
    #[error("kafka could not format its storage in {}:\n{said}", dir.display())]
    Format {
        /// The directory that was to hold the data.
        dir: PathBuf,
        /// The last lines of what the tool printed.
        said: String,
    },
    /// The broker ended before it served all its partitions, or does not in time.
    #[error(transparent)]
    Start(#[from] tidewatch_process::StartError),
}

impl BrokerError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| BrokerError::Io { action, path: path.to_owned(), source }
    }
}
