//! Every panel has a description, a unit and thresholds, and all use the same colours.

use std::collections::BTreeSet;

use serde_json::Value;
use tidewatch_dashboards::Colour;

use super::support::{every_panel, strings};

/// Returns the objects that hold a panel's unit and thresholds: for a table, those of its columns.
fn measures(panel: &Value) -> Vec<Value> {
    if panel["type"] != "table" {
        return vec![panel["fieldConfig"]["defaults"].clone()];
    }
    let overrides = panel["fieldConfig"]["overrides"].as_array().unwrap();
    let columns = overrides.iter().filter_map(|column| {
        let properties = column["properties"].as_array().unwrap();
        let fields =
            properties.iter().map(|property| (property["id"].as_str().unwrap().to_owned(), property["value"].clone()));
        let fields: serde_json::Map<_, _> = fields.collect();
        fields.contains_key("unit").then(|| fields.into())
    });
    columns.collect()
}

#[test]
fn every_panel_has_a_description_a_unit_and_thresholds() {
    every_panel(|what, panel| {
        let description = panel["description"].as_str().unwrap();
        assert!(description.ends_with('.') && description.len() > 20, "{what}: {description}");
        for measure in measures(panel) {
            assert!(measure["unit"].as_str().is_some_and(|unit| !unit.is_empty()), "{what}: no unit");
            let steps = measure["thresholds"]["steps"].as_array().unwrap();
            assert!(!steps.is_empty() && steps[0]["value"].is_null(), "{what}: {steps:?}");
            let values: Vec<f64> = steps[1..].iter().map(|step| step["value"].as_f64().unwrap()).collect();
            assert!(values.is_sorted(), "{what}: thresholds descend: {values:?}");
        }
    });
}

#[test]
fn every_colour_has_a_meaning() {
    let known: BTreeSet<&str> = Colour::ALL.iter().map(|colour| colour.hex()).collect();
    every_panel(|what, panel| {
        for text in strings(panel).into_iter().filter(|text| text.starts_with('#') && text.len() == 7) {
            assert!(known.contains(text), "{what}: {text} has no meaning");
        }
        for named in ["red", "green", "yellow", "orange", "blue", "purple"] {
            assert!(!strings(panel).contains(&named), "{what}: {named} is not in the palette");
        }
    });
}

#[test]
fn titles_are_unique_within_a_dashboard() {
    let mut seen = BTreeSet::new();
    every_panel(|what, _| assert!(seen.insert(what.to_owned()), "twice: {what}"));
}

#[test]
fn datasources_are_named_by_their_uids() {
    every_panel(|what, panel| {
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(target["datasource"], panel["datasource"], "{what}");
            assert!(["prometheus", "loki"].contains(&target["datasource"]["uid"].as_str().unwrap()), "{what}");
        }
    });
}

#[test]
fn latency_leads_from_single_requests_to_their_traces() {
    let mut with_exemplars = 0;
    every_panel(|what, panel| {
        for target in panel["targets"].as_array().into_iter().flatten().filter(|target| target["exemplar"] == true) {
            let expr = target["expr"].as_str().unwrap();
            // The bridge attaches exemplars only to buckets.
            assert!(expr.contains("workload_request_duration_seconds_bucket"), "{what}: {expr}");
            with_exemplars += 1;
        }
    });
    assert_ne!(with_exemplars, 0);
}
