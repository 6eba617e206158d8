//! The events on Tidewatch's topics: their types, what makes one valid, and the JSON Schemas generated from them; and
//! what the services answer over HTTP.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod alert;
mod appended;
pub mod endpoint;
pub mod http;
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
pub use log::LogEvent;
pub use rejection::{FUTURE_TOLERANCE, MAX_EVENT_BYTES, Rejection, check_time};
pub use request::RequestEvent;
pub use schema::schemas;
pub use view::RequestView;

/// Something that is written to a topic as one JSON object.
pub trait Event: Serialize + DeserializeOwned {
    /// Name and version of the schema, as the record's `schema` header carries it.
    const SCHEMA: &'static str;

    /// What serde's types can't say: ranges, and names that must not be empty.
    fn validate(&self) -> Result<(), Rejection>;

    /// Reads one event. Unknown fields are ignored; everything else that is not as the schema says is refused.
    fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        let event: Self = object(text(bytes)?)?;
        event.validate()?;
        Ok(event)
    }

    /// The event as compact JSON.
    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("events hold only strings, numbers and maps with string keys")
    }
}

/// The record as text, however it goes on.
fn text(bytes: &[u8]) -> Result<&str, Rejection> {
    if bytes.len() > MAX_EVENT_BYTES {
        return Err(Rejection::TooLarge { bytes: bytes.len() });
    }
    // Checked for the whole of it: serde_json looks only at the fields that it keeps.
    std::str::from_utf8(bytes).map_err(|error| Rejection::NotJson { detail: error.to_string() })
}

/// One JSON object of the right shape, whatever its values are.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Rejection> {
    let object: T = serde_json::from_str(text)?;
    // serde would also take an array of the fields' values in their order.
    if !text.trim_start().starts_with('{') {
        return Err(Rejection::InvalidField { detail: "an event is a JSON object, not an array".to_owned() });
    }
    Ok(object)
}
