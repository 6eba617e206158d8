//! Brokers that Tidewatch can bring along itself: librdkafka's in-process one and a supervised Apache Kafka.
mod group;
mod in_process;
mod installation;
mod port;
mod programs;
mod properties;
mod ready;
mod real;

use std::path::{Path, PathBuf};

pub use in_process::InProcess;
pub use installation::{Installation, NotFound};
pub use port::Port;
pub use real::RealKafka;

/// Why a broker could not be brought up.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// librdkafka refused to make its in-process cluster or a topic in it.
    #[error("the in-process broker did not start: {0}")]
    InProcess(String),
    /// Somebody listens on the port already.
    #[error("port {0} on 127.0.0.1 is already in use; stop what listens there or choose another port")]
    PortInUse(u16),
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
    /// The broker ended before it was ready.
    #[error("kafka ended at start ({status}); the last lines of {}:\n{said}", log.display())]
    Exited {
        /// Exit code or signal.
        status: std::process::ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        said: String,
    },
    /// The broker runs but does not serve all its partitions in time.
    #[error("kafka did not serve within {seconds} s; the last lines of {}:\n{said}", log.display())]
    NotReady {
        /// How long was waited, in seconds.
        seconds: u64,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        said: String,
    },
}

impl BrokerError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| BrokerError::Io { action, path: path.to_owned(), source }
    }
}
