//! Helpers that take the dashboards' JSON apart.

use serde_json::Value;
use tidewatch_dashboards::{Dashboard, all};

/// Returns a dashboard's panels, including collapsed ones but not the rows.
pub(crate) fn panels(dashboard: &Dashboard) -> Vec<&Value> {
    let entries = dashboard.json["panels"].as_array().unwrap();
    let folded = entries.iter().flat_map(|entry| entry["panels"].as_array().into_iter().flatten());
    entries.iter().filter(|entry| entry["type"] != "row").chain(folded).collect()
}

/// Calls `check` with every panel of every dashboard, and its name for messages.
pub(crate) fn every_panel(mut check: impl FnMut(&str, &Value)) {
    for dashboard in &all() {
        for panel in panels(dashboard) {
            check(&format!("{}: {}", dashboard.file_name, panel["title"].as_str().unwrap()), panel);
        }
    }
}

/// Returns all strings in a value.
pub(crate) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}
