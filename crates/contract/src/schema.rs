//! The JSON Schemas of the events, generated from the Rust types.

use schemars::{JsonSchema, schema_for};

use crate::{AlertEvent, Event, LogEvent, RequestEvent};

/// Returns the file name and text of each schema. `cargo xtask generate` writes them to `schemas/`.
pub fn schemas() -> Vec<(String, String)> {
    vec![schema::<RequestEvent>(), schema::<LogEvent>(), schema::<AlertEvent>()]
}

fn schema<E: Event + JsonSchema>() -> (String, String) {
    let text = serde_json::to_string_pretty(&schema_for!(E)).expect("a schema is plain JSON");
    (format!("{}.json", E::SCHEMA.replace('/', ".")), text + "\n")
}
