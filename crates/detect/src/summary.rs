//! The summary sentence of an alert.

use std::collections::BTreeMap;

use tidewatch_contract::ResolveReason;

use crate::kinds::{Kind, PPM};
use crate::traffic::SETTLED_MINUTES;
use crate::units::Span;

/// The subject of a summary.
pub(crate) struct Subject<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) window: Span,
    pub(crate) baseline: Option<u64>,
    pub(crate) value: Option<f64>,
}

impl Subject<'_> {
    pub(crate) fn fired(&self) -> String {
        self.kind.fired(self)
    }

    pub(crate) fn resolved(&self, reason: ResolveReason) -> String {
        let who = self.who();
        match (reason, self.value) {
            (ResolveReason::Retired, _) => format!("{who}: no longer watched"),
            (ResolveReason::NewNormal, _) => {
                let level = per(self.baseline.unwrap_or_default(), self.window);
                format!("{who}: traffic has stayed at {level} for {SETTLED_MINUTES} min: this is the new normal level")
            }
            (ResolveReason::NoData, _) | (_, None) => {
                format!("{who}: too few requests to evaluate {} for 10 minutes", self.kind.noun())
            }
            (_, Some(value)) => self.kind.resolved(self, value),
        }
    }

    pub(crate) fn who(&self) -> String {
        who(self.labels)
    }

    pub(crate) fn window(&self) -> String {
        last(self.window)
    }
}

/// The reason why traffic is not evaluated without a baseline.
pub(crate) const NO_USUAL_TRAFFIC: &str = "the usual traffic is unknown";

/// Returns the name of a group in summaries: `payment-service in eu-west-1`.
pub(crate) fn who(labels: &BTreeMap<String, String>) -> String {
    let mut text = labels.get("service").cloned().unwrap_or_default();
    if let Some(region) = labels.get("region") {
        text.push_str(&format!(" in {region}"));
    }
    for (label, value) in labels.iter().filter(|(label, _)| !matches!(label.as_str(), "service" | "region")) {
        text.push_str(&format!(", {label} {value}"));
    }
    text
}

/// Returns how an alert ended.
pub(crate) fn end(is_clear: bool) -> &'static str {
    if is_clear { "back to normal" } else { "within the limit for 10 minutes" }
}

fn per(requests: u64, window: Span) -> String {
    match window.0 {
        60_000 => format!("{requests} requests per minute"),
        ms if ms % 60_000 == 0 => format!("{requests} requests per {} minutes", ms / 60_000),
        ms => format!("{requests} requests per {} s", ms as f64 / 1_000.0),
    }
}

fn last(window: Span) -> String {
    match window.0 {
        60_000 => "the last minute".to_owned(),
        ms if ms % 60_000 == 0 => format!("the last {} minutes", ms / 60_000),
        ms => format!("the last {} s", ms as f64 / 1_000.0),
    }
}

pub(crate) fn quantile(ppm: u64) -> String {
    format!("P{}", ppm as f64 * 100.0 / PPM as f64)
}

pub(crate) fn limit(ppm: u64) -> String {
    format!("{} %", ppm as f64 * 100.0 / PPM as f64)
}

/// Formats three significant digits: the sketch is not more precise than that.
fn three_digits(value: f64) -> String {
    let decimals = match value {
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

pub(crate) fn percent(share: f64) -> String {
    format!("{} %", three_digits(share * 100.0))
}

pub(crate) fn time(ms: f64) -> String {
    if ms >= 10_000.0 { format!("{} s", three_digits(ms / 1_000.0)) } else { format!("{} ms", three_digits(ms)) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Returns the summary for a group with a baseline of 400 requests per minute, without the group's name: that of
    /// the firing alert, or that of the alert resolved for a reason.
    pub(crate) fn says(kind: &Kind, value: f64, resolved: Option<ResolveReason>) -> String {
        let labels = [("service", "payment-service"), ("region", "eu-west-1")];
        let labels = labels.map(|(label, value)| (label.to_owned(), value.to_owned())).into();
        let (baseline, value) = (Some(400), Some(value));
        let subject = Subject { kind, labels: &labels, window: Span::minutes(1), baseline, value };
        let text = resolved.map_or_else(|| subject.fired(), |reason| subject.resolved(reason));
        text.strip_prefix("payment-service in eu-west-1: ").unwrap().to_owned()
    }
}
