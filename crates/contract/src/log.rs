//! One log line of a monitored service, as `logs.raw` carries it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Event, Rejection};

/// One log line. The topic's key is `service`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogEvent {
    /// When the line was logged: RFC 3339 with any offset; none means UTC.
    #[serde(deserialize_with = "crate::timestamp::deserialize")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub timestamp: Timestamp,
    /// Service that logged the line.
    #[schemars(length(min = 1))]
    pub service: String,
    /// Severity as the service names it, such as `ERROR`.
    pub level: String,
    /// Text of the line.
    pub message: String,
    /// Request that the line belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Trace that the line belongs to, 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Span that the line belongs to, 16 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// Any other fields that the service logs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, serde_json::Value>,
}

impl Event for LogEvent {
    const SCHEMA: &'static str = "log-event/v1";

    fn validate(&self) -> Result<(), Rejection> {
        if self.service.is_empty() {
            return Err(Rejection::field("service", "is empty"));
        }
        Ok(())
    }
}
