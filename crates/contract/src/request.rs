//! One finished request of a monitored service, as `metrics.raw` carries it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Event, Rejection, RequestView};

/// One finished request. The topic's key is `service`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequestEvent {
    /// When the request ended: RFC 3339 with any offset; none means UTC.
    #[serde(deserialize_with = "crate::timestamp::deserialize")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub timestamp: Timestamp,
    /// Service that answered the request.
    #[schemars(length(min = 1))]
    pub service: String,
    /// Region that the service ran in.
    #[schemars(length(min = 1))]
    pub region: String,
    /// Route without query, with ids replaced by placeholders, such as `/users/{id}`.
    pub endpoint: String,
    /// HTTP status code, 100 to 599.
    #[schemars(range(min = 100, max = 599))]
    pub status_code: u16,
    /// Id of the request in all services and logs.
    pub request_id: String,
    /// Duration of the request in milliseconds. Absent means unknown: such a request counts for rate and errors,
    /// not for latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub latency_ms: Option<f64>,
    /// HTTP method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Whether the request failed. Absent means `status_code >= 500`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<bool>,
    /// Trace that the request belongs to, 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Span of the request in its trace, 16 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
}

impl RequestEvent {
    /// Returns whether the request failed: the value of `error` or, if absent, whether the status code is 500 or above.
    pub fn is_error(&self) -> bool {
        self.error.unwrap_or(self.status_code >= 500)
    }
}

impl Event for RequestEvent {
    const SCHEMA: &'static str = "request-event/v1";

    fn validate(&self) -> Result<(), Rejection> {
        RequestView::from(self).validate()
    }
}
