//! Errors that name the peer, its address without secrets, and the reason.

use std::error::Error as _;
use std::time::Duration;

use reqwest::StatusCode;

use crate::{HttpUrl, LONGEST_ANSWER};

/// A request that failed, or a client that can't be set up.
#[derive(Debug, thiserror::Error)]
#[error("request to {peer} at {address} failed: {reason}")]
pub struct Error {
    peer: String,
    /// As shown, without secrets.
    address: String,
    reason: Reason,
}

/// Why a request failed. Its text doesn't contain the address.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// The certificates of the authorities can't be read.
    #[error("https needs CA certificates; set SSL_CERT_FILE to a file that contains them")]
    Certificates,
    /// The whole answer was not there in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// There is no connection, for this reason.
    #[error("can't connect: {0}")]
    Connect(String),
    /// The connection ended early, for this reason.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The peer redirects, which would lead elsewhere than to the given address.
    #[error("it answered {status}: it redirects to {target}")]
    Redirect {
        /// The status.
        status: StatusCode,
        /// Where to, and what to do about it. It names only scheme, host and port.
        target: String,
    },
    /// The peer answered with another status than 2xx.
    #[error("it answered {status}{}{said}", if .said.is_empty() { "" } else { ": " })]
    Status {
        /// The status.
        status: StatusCode,
        /// The peer's explanation: the field `error` of a JSON object, or the beginning of the answer.
        said: String,
    },
    /// The answer is too long.
    #[error("its answer is longer than {} MiB", LONGEST_ANSWER / 1024 / 1024)]
    TooLong,
    /// The answer is not of the expected type, for this reason.
    #[error("its answer can't be read: {0}")]
    Unreadable(String),
}

impl Error {
    pub(crate) fn new(peer: &str, address: &HttpUrl, reason: Reason) -> Self {
        Self { peer: peer.to_owned(), address: address.to_string(), reason }
    }

    /// Returns why the request failed.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Returns why the request failed, without the peer and its address.
    pub fn into_reason(self) -> Reason {
        self.reason
    }

    /// Returns whether the peer didn't answer at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self.reason, Reason::Timeout(_) | Reason::Connect(_) | Reason::Broken(_))
    }
}

impl Reason {
    /// Returns the reason for an error of the HTTP library, whose own text would contain the URL.
    pub(crate) fn of(error: &reqwest::Error, limit: Duration) -> Self {
        if error.is_timeout() {
            Self::Timeout(limit)
        } else if error.is_connect() {
            Self::Connect(cause(error))
        } else {
            Self::Broken(cause(error))
        }
    }
}

/// Returns the first cause: the errors above it only repeat that the request failed.
fn cause(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(|cause| cause.source()) {
        cause = Some(deeper);
    }
    cause.map_or_else(|| "the request is not valid".to_owned(), ToString::to_string)
}
