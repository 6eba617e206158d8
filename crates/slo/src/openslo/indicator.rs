//! Reads the metric of an SLI: a ratio of counts, or a value with a threshold.

use std::collections::BTreeMap;

use super::context::{Context, Fields};
use super::metadata::Metadata;
use crate::promql;
use crate::yaml::Node;
use crate::{Indicator, Query};

/// The measurement of an indicator. A threshold's bound is part of the objective.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Metric {
    Ratio(Indicator),
    Threshold(Query),
}

/// Reads the fields of an indicator's `spec`.
pub(super) fn spec<'n>(context: &mut Context<'_>, spec: &'n Node) -> Option<Fields<'n>> {
    context.fields(spec, "an indicator's `spec`", &["description", "ratioMetric", "thresholdMetric"], &[])
}

/// Reads the metric of an indicator's `spec`.
pub(super) fn metric(
    context: &mut Context<'_>,
    spec: &Fields<'_>,
    data_sources: &BTreeMap<String, Metadata>,
) -> Option<Metric> {
    match (spec.get("ratioMetric"), spec.get("thresholdMetric")) {
        (Some(ratio), None) => self::ratio(context, ratio, data_sources).map(Metric::Ratio),
        (None, Some(threshold)) => {
            let fields = context.fields(threshold, "`thresholdMetric`", &["metricSource"], &[])?;
            let query = query(context, &fields, data_sources)?;
            promql::check_value(&query.text).map_err(|problem| context.refuse_at(query.at.clone(), problem)).ok()?;
            Some(Metric::Threshold(query))
        }
        (Some(_), Some(second)) => {
            context.refuse(second.referenced, "an indicator has a `ratioMetric` or a `thresholdMetric`, not both");
            None
        }
        (None, None) => {
            context.refuse(spec.at, "an indicator needs a `ratioMetric` or a `thresholdMetric`");
            None
        }
    }
}

fn ratio(context: &mut Context<'_>, node: &Node, data_sources: &BTreeMap<String, Metadata>) -> Option<Indicator> {
    const RAW: &str = "a precomputed ratio lacks the number of events, so the budget would be wrong when traffic is \
                       uneven; give `good` or `bad`, and `total`";
    let fields = context.fields(
        node,
        "`ratioMetric`",
        &["counter", "good", "bad", "total"],
        &[("raw", RAW), ("rawType", "it belongs to `raw`, which is not supported either")],
    )?;
    let counter = context.boolean(&fields, "counter").map(|(counter, _)| counter);
    if fields.get("counter").is_none() {
        context.refuse(
            fields.at,
            "`ratioMetric` needs `counter`: true for counters, false for queries whose values are events per second",
        );
    }
    let mut part = |name: &str| {
        let source = context.fields(fields.get(name)?, &format!("`{name}`"), &["metricSource"], &[])?;
        let query = query(context, &source, data_sources)?;
        let checked = match counter? {
            true => promql::check_counter(&query.text),
            false => promql::check_value(&query.text),
        };
        checked.map_err(|problem| context.refuse_at(query.at.clone(), problem)).ok()?;
        Some(query)
    };
    let (good, bad, total) = (part("good"), part("bad"), part("total"));
    if fields.get("total").is_none() {
        context.refuse(fields.at, "`ratioMetric` needs `total`");
    }
    match (fields.get("good"), fields.get("bad")) {
        (Some(_), Some(second)) => {
            context.refuse(second.referenced, "`ratioMetric` needs `good` or `bad` besides `total`, not both");
        }
        (None, None) => context.refuse(fields.at, "`ratioMetric` needs `good` or `bad` besides `total`"),
        _ => {}
    }
    let (counter, total) = (counter?, total?);
    match (good, bad) {
        (Some(good), None) => Some(Indicator::Good { good, total, counter }),
        (None, Some(bad)) => Some(Indicator::Bad { bad, total, counter }),
        _ => None,
    }
}

fn query(context: &mut Context<'_>, parent: &Fields<'_>, data_sources: &BTreeMap<String, Metadata>) -> Option<Query> {
    let node = context.required(parent, "metricSource")?;
    let fields = context.fields(node, "`metricSource`", &["metricSourceRef", "type", "spec"], &[])?;
    let reference = context.text(&fields, "metricSourceRef");
    match reference {
        Some((name, at)) if !data_sources.contains_key(name) => {
            let known = super::list(data_sources.keys());
            context.refuse(at, format!("no DataSource `{name}` in these files: they declare {known}"));
        }
        _ => {}
    }
    if let Some((kind, at)) = context.text(&fields, "type") {
        super::check_type(context, kind, at);
    } else if reference.is_none() && fields.get("type").is_none() {
        context.refuse(fields.at, "`metricSource` needs `type: Prometheus`, or a `metricSourceRef`");
    }
    let node = context.required(&fields, "spec")?;
    let spec = context.fields(node, "a Prometheus source's `spec`", &["query", "promql"], &[])?;
    if let (Some(_), Some((_, at))) = (spec.get("query"), spec.entry("promql")) {
        context.refuse(at, "a Prometheus source's `spec` has a `query` or a `promql`, not both");
    }
    // Some tools write `promql`. Errors use `query`, the name in Tidewatch's documentation.
    let name = if spec.get("query").is_none() && spec.get("promql").is_some() { "promql" } else { "query" };
    let (text, at) = context.required_text(&spec, name)?;
    Some(Query { text: text.trim().to_owned(), at: context.place(at) })
}
