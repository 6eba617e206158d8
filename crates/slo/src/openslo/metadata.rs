//! Reads `metadata`: name, labels, and Tidewatch's annotations.

use std::collections::BTreeMap;

use super::context::{Context, Fields};
use crate::Place;
use crate::yaml::Value;

const PREFIX: &str = "tidewatch.dev/";
const MIN_BAD_EVENTS: &str = "tidewatch.dev/min-bad-events";

/// Labels that generated records and alerts already have.
const RESERVED: [&str; 12] = [
    "slo",
    "service",
    "window",
    "severity",
    "source",
    "path",
    "long_window",
    "burn_rate",
    "alertname",
    "alertstate",
    "le",
    "quantile",
];

/// The metadata of a document.
#[derive(Debug, Clone)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) min_bad_events: Option<(u64, Place)>,
    pub(super) at: Place,
}

/// Reads the `metadata` of a document. Labels and annotations are only used for SLOs.
pub(super) fn read(context: &mut Context<'_>, document: &Fields<'_>, is_slo: bool) -> Option<Metadata> {
    let node = context.required(document, "metadata")?;
    let fields = context.fields(node, "`metadata`", &["name", "displayName", "labels", "annotations"], &[])?;
    // The display name is for readers of the file and not used in generated rules.
    context.text(&fields, "displayName");
    let labels = if is_slo { labels(context, &fields) } else { BTreeMap::new() };
    let min_bad_events = min_bad_events(context, &fields, is_slo);
    let (name, at) = context.required_text(&fields, "name")?;
    if !is_dns_label(name) {
        let message =
            format!("`name` must be up to 63 lower-case letters, digits and -, without - at either end, not `{name}`");
        context.refuse(at, message);
    }
    let at = context.place(at);
    Some(Metadata { name: name.to_owned(), labels, min_bad_events, at })
}

/// Returns whether a name is a DNS label (RFC 1123), as OpenSLO requires.
fn is_dns_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 63 && name.bytes().all(inner) && !name.starts_with('-') && !name.ends_with('-')
}

fn labels(context: &mut Context<'_>, metadata: &Fields<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let Some(node) = metadata.get("labels") else { return labels };
    let Value::Map(entries) = &node.value else {
        context.refuse(node.referenced, format!("`labels` must be a map, not {}", node.value.kind()));
        return labels;
    };
    for (key, value) in entries {
        let name = key.value.as_str();
        let legal = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !legal || name.starts_with("__") {
            let message = format!("label `{name}` is not a valid Prometheus label: use letters, digits and _");
            context.refuse(key.referenced, message);
        } else if RESERVED.contains(&name) {
            context
                .refuse(key.referenced, format!("label `{name}` is set by the generated rules: choose another name"));
        } else {
            match &value.value {
                Value::Text(text) => {
                    labels.insert(name.to_owned(), text.clone());
                }
                Value::List(_) => {
                    let message = format!("label `{name}` has a list: give a single value");
                    context.refuse(value.referenced, message);
                }
                other => {
                    let message = format!("label `{name}` must be text (in quotes), not {}", other.kind());
                    context.refuse(value.referenced, message);
                }
            }
        }
    }
    labels
}

fn min_bad_events(context: &mut Context<'_>, metadata: &Fields<'_>, is_slo: bool) -> Option<(u64, Place)> {
    let node = metadata.get("annotations")?;
    let Value::Map(entries) = &node.value else {
        context.refuse(node.referenced, format!("`annotations` must be a map, not {}", node.value.kind()));
        return None;
    };
    let mut found = None;
    for (key, value) in entries.iter().filter(|(key, _)| key.value.starts_with(PREFIX)) {
        if !is_slo || key.value != MIN_BAD_EVENTS {
            let message = format!("unknown annotation `{}`: the only one is `{MIN_BAD_EVENTS}`, on an SLO", key.value);
            context.refuse(key.referenced, message);
            continue;
        }
        let count = match &value.value {
            Value::Number(number) => Some(*number),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        match count {
            Some(count) if count >= 1.0 && count.fract() == 0.0 && count <= f64::from(u32::MAX) => {
                found = Some((count as u64, context.place(value.referenced)));
            }
            _ => context
                .refuse(value.referenced, format!("`{MIN_BAD_EVENTS}` must be a whole number from 1 to {}", u32::MAX)),
        }
    }
    found
}
