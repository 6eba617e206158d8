//! The body of an answer that reports a problem (RFC 9457).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The content type of a [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was not answered as asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// URI of the kind of problem; `about:blank` if the status says it all.
    #[serde(rename = "type", default = "blank")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status code.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// One sentence about this request.
    pub detail: String,
}

impl Problem {
    /// Returns a problem of the kind that its status says.
    pub fn new(status: u16, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind: blank(), title: title.into(), status, detail: detail.into() }
    }
}

fn blank() -> String {
    "about:blank".to_owned()
}
