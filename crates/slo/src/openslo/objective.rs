//! Reads the `spec` of an SLO: window, budgeting method and its one objective.

use super::context::{Context, Fields};
use super::indicator::Metric;
use super::metadata::Metadata;
use crate::slo::tidy;
use crate::yaml::{Node, Value};
use crate::{Budgeting, Comparison, Indicator, Metrics, Slo, Span, Window, promql};

/// Default minimum of bad events for an alert to fire.
const MIN_BAD_EVENTS: u64 = 10;

const SLICES: std::ops::RangeInclusive<Span> = Span::from_mins(1)..=Span::from_hours(1);

/// Reads the fields of an SLO's `spec`.
pub(super) fn spec<'n>(context: &mut Context<'_>, spec: &'n Node) -> Option<Fields<'n>> {
    const KNOWN: [&str; 8] = [
        "description",
        "service",
        "indicator",
        "indicatorRef",
        "timeWindow",
        "budgetingMethod",
        "objectives",
        "alertPolicies",
    ];
    context.fields(spec, "an SLO's `spec`", &KNOWN, &[])
}

/// Builds the SLO if everything in it is valid.
pub(super) fn slo(
    context: &mut Context<'_>,
    metadata: &Metadata,
    spec: &Fields<'_>,
    metric: Option<Metric>,
    metrics: &dyn Metrics,
) -> Option<Slo> {
    let description = context.text(spec, "description").map(|(text, _)| text.trim().to_owned());
    let service = context.required_text(spec, "service");
    let window = window(context, spec);
    let method = method(context, spec);
    alert_policies(context, spec);
    let why = "several objectives per SLO, and composites, are not supported; write one SLO per objective";
    let objective = context.single(spec, "objectives", why).and_then(|node| objective_fields(context, node))?;
    let target = target(context, &objective);
    let slices = slices(context, &objective, method);
    let indicator = metric.and_then(|metric| indicator(context, &objective, metric));
    if let Some(indicator) = &indicator {
        check_buckets(context, indicator, &objective, metrics);
    }
    let min_bad_events = match (&indicator, &metadata.min_bad_events) {
        (Some(Indicator::Threshold { .. }), Some((_, at))) => {
            let message = "an SLO with a `thresholdMetric` has no events to count: remove the annotation";
            context.refuse_at(at.clone(), message);
            0
        }
        (Some(Indicator::Threshold { .. }), None) => 0,
        (_, set) => set.as_ref().map_or(MIN_BAD_EVENTS, |(count, _)| *count),
    };
    Some(Slo {
        name: metadata.name.clone(),
        description,
        service: service?.0.to_owned(),
        labels: metadata.labels.clone(),
        window: window?,
        target: target?,
        budgeting: slices?,
        indicator: indicator?,
        min_bad_events,
        at: metadata.at.clone(),
    })
}

fn window(context: &mut Context<'_>, spec: &Fields<'_>) -> Option<Window> {
    let node = context.single(spec, "timeWindow", "an SLO has one time window")?;
    let calendar =
        "calendar windows start with a full budget, even if all of it was spent the day before; use a rolling window";
    let fields = context.fields(node, "`timeWindow`", &["duration", "isRolling"], &[("calendar", calendar)])?;
    match context.boolean(&fields, "isRolling") {
        Some((true, _)) => {}
        Some((false, at)) => {
            context.refuse(at, "`isRolling: false` is not supported: use a rolling window, not a calendar window")
        }
        None if fields.get("isRolling").is_none() && fields.get("calendar").is_none() => {
            context.refuse(fields.at, "`timeWindow` needs `isRolling: true`");
        }
        None => {}
    }
    let (text, at) = context.required_text(&fields, "duration")?;
    let window = Span::parse(text).and_then(|span| Window::ALL.into_iter().find(|window| window.span() == span));
    if window.is_none() {
        context.refuse(at, format!("`duration: {text}` is not supported: rolling windows are 7d, 28d (4w) and 30d"));
    }
    window
}

#[derive(Clone, Copy, PartialEq)]
enum Method {
    Occurrences,
    TimeSlices,
}

fn method(context: &mut Context<'_>, spec: &Fields<'_>) -> Option<Method> {
    let (text, at) = context.required_text(spec, "budgetingMethod")?;
    match text {
        "Occurrences" => Some(Method::Occurrences),
        "Timeslices" => Some(Method::TimeSlices),
        "RatioTimeslices" => {
            let message = "`budgetingMethod: RatioTimeslices` is not supported: a mean of ratios is wrong when \
                           traffic is uneven; use Occurrences or Timeslices";
            context.refuse(at, message);
            None
        }
        _ => {
            context.refuse(at, format!("`budgetingMethod` must be Occurrences or Timeslices, not `{text}`"));
            None
        }
    }
}

fn alert_policies(context: &mut Context<'_>, spec: &Fields<'_>) {
    if let Some((node, at)) = spec.entry("alertPolicies")
        && !matches!(&node.value, Value::List(items) if items.is_empty())
    {
        let message = "`alertPolicies` is not supported: the burn-rate alerts follow from the window and the target; \
                       remove it";
        context.refuse(at, message);
    }
}

fn objective_fields<'n>(context: &mut Context<'_>, node: &'n Node) -> Option<Fields<'n>> {
    const COMPOSITE: &str = "composite SLOs are not supported; give the indicator to the SLO";
    context.fields(
        node,
        "an objective",
        &["displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow"],
        &[("indicator", COMPOSITE), ("indicatorRef", COMPOSITE), ("compositeWeight", COMPOSITE)],
    )
}

fn target(context: &mut Context<'_>, objective: &Fields<'_>) -> Option<f64> {
    let target = context.number(objective, "target");
    let percent = context.number(objective, "targetPercent");
    let (share, at, name) = match (target, percent) {
        (Some((share, at)), None) => (share, at, "`target` must be above 0 and below 1, such as 0.999"),
        (None, Some((percent, at))) => {
            (tidy(percent / 100.0), at, "`targetPercent` must be above 0 and below 100, such as 99.9")
        }
        (Some(_), Some((_, at))) => {
            context.refuse(at, "an objective has a `target` or a `targetPercent`, not both");
            return None;
        }
        (None, None) => {
            if objective.get("target").or(objective.get("targetPercent")).is_none() {
                context.refuse(objective.at, "an objective needs a `target` or a `targetPercent`");
            }
            return None;
        }
    };
    // Beyond six nines, a month's budget is less than three seconds, shorter than the time between two evaluations.
    if share > 0.0 && share < 0.999_999_5 {
        return Some(share);
    }
    let message = if share > 0.0 && share < 1.0 {
        "a target above 99.99995 % is not supported: its budget is smaller than the rules can measure".to_owned()
    } else if percent.is_none() && share > 1.0 && share < 100.0 {
        let as_share = tidy(share / 100.0);
        format!("{name}, not {share}; for {share} % write `target: {as_share}` or `targetPercent: {share}`")
    } else {
        name.to_owned()
    };
    context.refuse(at, message);
    None
}

fn slices(context: &mut Context<'_>, objective: &Fields<'_>, method: Option<Method>) -> Option<Budgeting> {
    match method? {
        Method::Occurrences => {
            for name in ["timeSliceTarget", "timeSliceWindow"] {
                if let Some((_, at)) = objective.entry(name) {
                    context
                        .refuse(at, format!("`{name}` has no meaning with `budgetingMethod: Occurrences`: remove it"));
                }
            }
            Some(Budgeting::Occurrences)
        }
        Method::TimeSlices => {
            if objective.get("timeSliceTarget").is_none() {
                context.refuse(objective.at, "an objective with `budgetingMethod: Timeslices` needs `timeSliceTarget`");
            }
            let target = context.number(objective, "timeSliceTarget").and_then(|(target, at)| {
                if target > 0.0 && target <= 1.0 {
                    return Some(target);
                }
                context.refuse(at, "`timeSliceTarget` must be above 0 and at most 1, such as 0.99");
                None
            });
            if objective.get("timeSliceWindow").is_none() {
                context.refuse(objective.at, "an objective with `budgetingMethod: Timeslices` needs `timeSliceWindow`");
            }
            let slice = context.text(objective, "timeSliceWindow").and_then(|(text, at)| {
                let slice = Span::parse(text).filter(|slice| {
                    SLICES.contains(slice) && slice.as_millis().is_multiple_of(Span::from_mins(1).as_millis())
                });
                if slice.is_none() {
                    let message = format!("`timeSliceWindow` must be whole minutes from 1m to 1h, not `{text}`");
                    context.refuse(at, message);
                }
                slice
            });
            Some(Budgeting::TimeSlices { slice: slice?, target: target? })
        }
    }
}

fn indicator(context: &mut Context<'_>, objective: &Fields<'_>, metric: Metric) -> Option<Indicator> {
    let op = context.text(objective, "op");
    let value = context.number(objective, "value");
    match metric {
        Metric::Ratio(indicator) => {
            if let Some((_, at)) = objective.entry("op") {
                context.refuse(at, "`op` has no meaning with a `ratioMetric`: remove it");
            }
            if let Some((_, at)) = objective.entry("value") {
                context.refuse(at, "`value` has no meaning with a `ratioMetric`: remove it");
            }
            Some(indicator)
        }
        Metric::Threshold(query) => {
            if objective.get("value").is_none() {
                context.refuse(objective.at, "an objective of a `thresholdMetric` needs `value`");
            }
            if objective.get("op").is_none() {
                context.refuse(objective.at, "an objective of a `thresholdMetric` needs `op`: lt, lte, gt or gte");
            }
            let good_when = op.and_then(|(op, at)| match op {
                "lt" => Some(Comparison::Less),
                "lte" => Some(Comparison::LessOrEqual),
                "gt" => Some(Comparison::Greater),
                "gte" => Some(Comparison::GreaterOrEqual),
                _ => {
                    context.refuse(at, format!("`op` must be lt, lte, gt or gte, not `{op}`"));
                    None
                }
            });
            Some(Indicator::Threshold { query, good_when: good_when?, value: value?.0 })
        }
    }
}

fn check_buckets(context: &mut Context<'_>, indicator: &Indicator, objective: &Fields<'_>, metrics: &dyn Metrics) {
    let mut found = promql::Buckets::default();
    match indicator {
        Indicator::Good { good: part, total, .. } | Indicator::Bad { bad: part, total, .. } => {
            found.ratio(part, metrics);
            found.ratio(total, metrics);
        }
        Indicator::Threshold { query, value, .. } => {
            let at = objective.get("value").map_or(objective.at, |node| node.referenced);
            found.threshold(query, *value, &context.place(at), metrics);
        }
    }
    for (at, message) in found.refused {
        context.refuse_at(at, message);
    }
    for (at, message) in found.unchecked {
        context.note_at(at, message);
    }
}
