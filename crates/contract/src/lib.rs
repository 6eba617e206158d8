//! The events on Tidewatch's topics: their types, their validation, the JSON Schemas generated from them, and the
//! headers of their records; and the types that are exchanged over HTTP.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod alert;
mod appended;
pub mod endpoint;
mod headers;
pub mod http;
pub mod lenient;
mod log;
mod plain;
mod rejection;
mod request;
mod schema;
mod timestamp;
mod view;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use alert::{AlertEvent, AlertState, ResolveReason, Severity, fingerprint};
pub use appended::Appended;
pub use headers::{DeadLetterHeaders, Header, REPLAY, Truncation};
pub use log::LogEvent;
pub use rejection::{FUTURE_TOLERANCE, MAX_EVENT_BYTES, Rejection, check_time};
pub use request::RequestEvent;
pub use schema::schemas;
pub use view::RequestView;

/// An event that is written to a topic as one JSON object.
pub trait Event: Serialize + DeserializeOwned {
    /// Name and version of the schema, as in the record's `schema` header.
    const SCHEMA: &'static str;

    /// Checks what serde's types can't express: ranges, and names that must not be empty.
    fn validate(&self) -> Result<(), Rejection>;

    /// Reads one event. Ignores unknown fields, and rejects any other deviation from the schema.
    fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        let event: Self = object(text(bytes)?)?;
        event.validate()?;
        Ok(event)
    }

    /// Returns the event as compact JSON.
    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("events hold only strings, numbers and maps with string keys")
    }
}

/// Returns the record as text, unless it is too large or not UTF-8.
fn text(bytes: &[u8]) -> Result<&str, Rejection> {
    if bytes.len() > MAX_EVENT_BYTES {
        return Err(Rejection::TooLarge { bytes: bytes.len() });
    }
    // Checked for the whole record: serde_json checks only the fields that it keeps.
    std::str::from_utf8(bytes).map_err(|error| Rejection::NotJson { detail: error.to_string() })
}

/// Parses one JSON object of the right shape, without validating its values.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Rejection> {
    let object: T = serde_json::from_str(text)?;
    // serde would also accept an array of the fields' values in order.
    if !text.trim_start().starts_with('{') {
        return Err(Rejection::InvalidField { detail: "an event is a JSON object, not an array".to_owned() });
    }
    Ok(object)
}
