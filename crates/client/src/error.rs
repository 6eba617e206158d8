//! Errors that name the peer, its address without secrets, and the reason.

use std::error::Error as _;
use std::time::Duration;

use reqwest::StatusCode;

use crate::{HttpUrl, LONGEST_ANSWER};

/// A request that failed, or that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", outcome(.peer, .address, .reason))]
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
    /// The client or a request can't be set up, for this reason.
    #[error("the request can't be set up: {0}")]
    Setup(String),
    /// The whole answer was not there in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// No connection could be made, for this reason.
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
    /// Returns the reason why there can be no client of the peer at `base`.
    pub(crate) fn of_no_client(error: &reqwest::Error, base: &HttpUrl) -> Self {
        if base.is_https() { Self::Certificates } else { Self::Setup(cause(error)) }
    }

    /// Returns the kind of reason in one word, for traces.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Certificates | Self::Setup(_) => "setup",
            Self::Timeout(_) => "timeout",
            Self::Connect(_) => "connect",
            Self::Broken(_) => "broken",
            Self::Redirect { .. } => "redirect",
            Self::Status { .. } => "status",
            Self::TooLong => "too_long",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Returns the reason for an error of the HTTP library, whose own text would contain the URL.
    pub(crate) fn of(error: &reqwest::Error, limit: Duration) -> Self {
        if error.is_builder() {
            Self::Setup(cause(error))
        } else if error.is_timeout() {
            Self::Timeout(limit)
        } else if error.is_connect() {
            Self::Connect(cause(error))
        } else {
            Self::Broken(cause(error))
        }
    }
}

/// Describes which request failed, or that there was none.
fn outcome(peer: &str, address: &str, reason: &Reason) -> String {
    match reason {
        Reason::Certificates | Reason::Setup(_) => format!("can't reach {peer} at {address}"),
        _ => format!("request to {peer} at {address} failed"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_only_named_for_https() {
        let error = reqwest::Client::builder().user_agent("\n").build().unwrap_err();
        for (base, expected) in [
            ("https://h:1", "can't reach console at https://h:1: https needs CA certificates; "),
            ("http://h:1", "can't reach console at http://h:1: the request can't be set up: failed to parse header"),
        ] {
            let base: HttpUrl = base.parse().unwrap();
            let error = Error::new("console", &base, Reason::of_no_client(&error, &base));
            assert!(error.to_string().starts_with(expected) && !error.is_unreachable(), "{error}");
        }
    }

    #[test]
    fn a_body_that_cannot_be_written_is_not_an_unreachable_peer() {
        let body = std::collections::BTreeMap::from([((1, 2), 3)]);
        let error = reqwest::Client::new().get("http://h:1").json(&body).build().unwrap_err();
        let reason = Reason::of(&error, Duration::from_secs(1));
        assert_eq!(reason.to_string(), "the request can't be set up: key must be a string");
        let error = Error::new("console", &"http://h:1".parse().unwrap(), reason);
        assert!(error.to_string().starts_with("can't reach console at ") && !error.is_unreachable(), "{error}");
    }
}
