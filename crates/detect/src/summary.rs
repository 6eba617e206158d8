//! The sentence that a woken person reads.

use std::collections::BTreeMap;

use tidewatch_contract::ResolveReason;

use crate::rules::{Kind, PPM};
use crate::traffic::SETTLED_MINUTES;
use crate::units::Span;
use crate::verdict::{Requests, Seen};

/// What is said about.
pub(crate) struct Subject<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) window: Span,
    pub(crate) baseline: Option<u64>,
    pub(crate) value: Option<f64>,
}

impl Subject<'_> {
    pub(crate) fn fired(&self) -> String {
        let value = self.value.unwrap_or_default();
        let (who, window) = (who(self.labels), last(self.window));
        match *self.kind {
            Kind::Latency { quantile_ppm, limit_ms, .. } => {
                let quantile = quantile(quantile_ppm);
                format!("{who}: {quantile} latency {} over {window}, limit {}", time(value), time(limit_ms))
            }
            Kind::ErrorRate { limit_ppm, .. } => {
                format!("{who}: {} of requests failed over {window}, limit {}", percent(value), limit(limit_ppm))
            }
            Kind::TrafficDrop { .. } => match self.baseline {
                Some(usual) => format!("{who}: {value} requests over {window}, usually {usual}"),
                None => format!("{who}: expected, but has never sent anything"),
            },
            Kind::ClockSkew { limit_ppm, .. } => {
                let (share, limit) = (percent(value), limit(limit_ppm));
                format!("{who}: {share} of events over {window} carry a wrong time, limit {limit}; check its clock")
            }
        }
    }

    pub(crate) fn resolved(&self, reason: ResolveReason) -> String {
        let (who, window) = (who(self.labels), last(self.window));
        match (reason, self.kind, self.value) {
            (ResolveReason::Retired, ..) => format!("{who}: no longer watched"),
            (ResolveReason::NewNormal, ..) => {
                let level = per(self.baseline.unwrap_or_default(), self.window);
                format!("{who}: traffic has stayed at {level} for {SETTLED_MINUTES} min: this is the new normal level")
            }
            (ResolveReason::NoData, ..) | (_, _, None) => {
                format!("{who}: too few requests to judge {} for 10 minutes", self.judged())
            }
            (_, Kind::TrafficDrop { .. }, Some(value)) => match self.baseline {
                Some(usual) => format!("{who}: {value} requests over {window} again, usually {usual}"),
                None => format!("{who}: sends now"),
            },
            (_, &Kind::Latency { quantile_ppm, clear_ms, .. }, Some(value)) => {
                let (quantile, end) = (quantile(quantile_ppm), end(value <= clear_ms * 1.01));
                format!("{who}: {quantile} latency {} over {window}, {end}", time(value))
            }
            (_, &Kind::ErrorRate { clear_ppm, .. }, Some(value)) => {
                let end = end(value * PPM as f64 <= clear_ppm as f64);
                format!("{who}: {} of requests failed over {window}, {end}", percent(value))
            }
            (_, &Kind::ClockSkew { clear_ppm, .. }, Some(value)) => {
                let end = end(value * PPM as f64 <= clear_ppm as f64);
                format!("{who}: {} of events over {window} carry a wrong time, {end}", percent(value))
            }
        }
    }

    fn judged(&self) -> String {
        match *self.kind {
            Kind::Latency { quantile_ppm, .. } => format!("{} latency", quantile(quantile_ppm)),
            Kind::ErrorRate { .. } => "the error rate".to_owned(),
            Kind::TrafficDrop { .. } => "the traffic".to_owned(),
            Kind::ClockSkew { .. } => "the clock".to_owned(),
        }
    }
}

/// Why traffic is not judged where nothing is known to hold it against.
pub(crate) const NO_USUAL_TRAFFIC: &str = "nothing is known of the usual traffic";

/// Why a window could not be judged.
pub(crate) fn unknown(kind: &Kind, window: &Seen) -> String {
    let counts = &window.counts;
    if window.partial {
        return "records of the window were lost".to_owned();
    }
    if kind.is_about_arrival() && counts.replayed {
        return "replayed requests say nothing about when they arrive".to_owned();
    }
    if kind.is_about_arrival() && window.unwatched {
        return "nobody watched".to_owned();
    }
    let requests = Requests::of(kind, window);
    match (kind, requests) {
        (Kind::ErrorRate { .. }, Some(Requests { bad, of, .. })) => {
            format!("{} of {of} requests failed; too few to judge", percent(bad as f64 / of as f64))
        }
        (&Kind::Latency { limit_ms, .. }, Some(Requests { bad, of, .. })) => {
            format!("{bad} of {of} requests took longer than {}; too few to judge", time(limit_ms))
        }
        (Kind::Latency { .. }, None) if counts.events > 0 => "no request with a known latency to judge".to_owned(),
        (Kind::ErrorRate { .. } | Kind::Latency { .. }, None) => "no requests to judge".to_owned(),
        (Kind::ClockSkew { .. }, _) => {
            format!("{} of {} events carry a wrong time; too few to judge", counts.misdated, counts.arrived())
        }
        (Kind::TrafficDrop { .. }, _) => match window.baseline {
            Some(usual) => format!("usually {usual} requests; too few to judge"),
            None => NO_USUAL_TRAFFIC.to_owned(),
        },
    }
}

/// Names the group: `payment-service in eu-west-1`.
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

/// How an alert came to its end.
fn end(is_clear: bool) -> &'static str {
    if is_clear { "back to normal" } else { "within the limit for 10 minutes" }
}

fn per(requests: u64, window: Span) -> String {
    match window.0 {
        60_000 => format!("{requests} requests a minute"),
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

fn quantile(ppm: u64) -> String {
    format!("P{}", ppm as f64 * 100.0 / PPM as f64)
}

fn limit(ppm: u64) -> String {
    format!("{} %", ppm as f64 * 100.0 / PPM as f64)
}

/// Three digits: more than that the sketch doesn't know.
fn three_digits(value: f64) -> String {
    let decimals = match value {
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn percent(share: f64) -> String {
    format!("{} %", three_digits(share * 100.0))
}

fn time(ms: f64) -> String {
    if ms >= 10_000.0 { format!("{} s", three_digits(ms / 1_000.0)) } else { format!("{} ms", three_digits(ms)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Evidence, Selection};

    fn labels() -> BTreeMap<String, String> {
        [("service", "payment-service"), ("region", "eu-west-1")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    }

    fn subject<'a>(kind: &'a Kind, labels: &'a BTreeMap<String, String>, value: f64) -> Subject<'a> {
        Subject { kind, labels, window: Span(60_000), baseline: Some(400), value: Some(value) }
    }

    #[test]
    fn says_who_what_how_much_and_the_limit() {
        let labels = labels();
        let evidence = Evidence { min_events: 1, min_bad: 1, low_traffic_min_bad: 1 };
        let latency = Kind::Latency {
            quantile_ppm: 990_000,
            limit_ms: 500.0,
            clear_ms: 400.0,
            evidence,
            counter: 0,
            selection: Selection::ALL,
        };
        let errors = Kind::ErrorRate { limit_ppm: 50_000, clear_ppm: 25_000, evidence, selection: Selection::ALL };
        let traffic = Kind::TrafficDrop { limit_ppm: 500_000, clear_ppm: 700_000, min_baseline: 100 };
        let skew = Kind::ClockSkew { limit_ppm: 200_000, clear_ppm: 100_000, min_events: 1 };
        let said = [
            subject(&latency, &labels, 812.4).fired(),
            subject(&latency, &labels, 98.7).resolved(ResolveReason::Clean),
            subject(&errors, &labels, 0.3012).fired(),
            subject(&errors, &labels, 0.0).resolved(ResolveReason::Clean),
            subject(&traffic, &labels, 12.0).fired(),
            subject(&traffic, &labels, 390.0).resolved(ResolveReason::Clean),
            subject(&skew, &labels, 0.95).fired(),
            subject(&latency, &labels, 0.0).resolved(ResolveReason::NoData),
            subject(&traffic, &labels, 0.0).resolved(ResolveReason::Retired),
            subject(&traffic, &labels, 388.0).resolved(ResolveReason::NewNormal),
        ];
        let who = "payment-service in eu-west-1";
        assert_eq!(
            said,
            [
                format!("{who}: P99 latency 812 ms over the last minute, limit 500 ms"),
                format!("{who}: P99 latency 98.7 ms over the last minute, back to normal"),
                format!("{who}: 30.1 % of requests failed over the last minute, limit 5 %"),
                format!("{who}: 0 % of requests failed over the last minute, back to normal"),
                format!("{who}: 12 requests over the last minute, usually 400"),
                format!("{who}: 390 requests over the last minute again, usually 400"),
                format!("{who}: 95 % of events over the last minute carry a wrong time, limit 20 %; check its clock"),
                format!("{who}: too few requests to judge P99 latency for 10 minutes"),
                format!("{who}: no longer watched"),
                format!("{who}: traffic has stayed at 400 requests a minute for 30 min: this is the new normal level"),
            ]
        );
    }
}
