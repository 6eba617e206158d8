//! One card per service: its golden signals now and over time, and the state of each rule per region.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tidewatch_contract::http::processor::{GroupView, RuleStatus, RuleView};

use super::chart::{Line, Scale, Shade, chart};
use super::shape::{Condition, shape};
use super::{View, format};
use crate::peers::place;
use crate::rules::{self, Family, Unit};
use crate::signals::{Bucket, Golden, LAG_SECONDS, Series};
use crate::standing::{Standing, groups_of, standing};

/// Seconds per point of a chart.
pub(super) const STEP: i64 = 5;
/// Maximum number of regions shown side by side; only the number of further regions is shown.
const MAX_PLACES: usize = 4;

pub(super) fn services(view: &View<'_>) -> Markup {
    let mut services = view.state.signals.services().peekable();
    html! {
        @if services.peek().is_none() {
            div class="card hint" {
                p {
                    strong { "No service has sent an event yet." }
                    " A service appears with its first event on " code { "metrics.raw" } "."
                }
                p {
                    "Start the whole demo with " code { "cargo run --release -- up" } ", or send your own access log: "
                    code { "cargo run --release -- replay access.log" }
                }
            }
        }
        @for (name, series) in services { (card(view, name, series)) }
    }
}

fn card(view: &View<'_>, name: &str, series: &Series) -> Markup {
    let golden = series.golden(view.second());
    let history = series.history(view.second(), view.axis.seconds, STEP);
    let groups = groups_of(&view.state.processor, name);
    let limit = |rule: &str| groups.iter().find_map(|group| group.rules.get(rule)?.threshold);
    let Standing { condition, word, reason } = standing(view.state, name, golden.rate);
    html! {
        article class={ "card service " (condition.word()) } {
            header {
                (shape(condition))
                h3 class="name" title=(name) { (name) }
                p class="word" { (word) }
            }
            @if let Some(reason) = reason { p class="reason" { (sentence(reason)) } }
            (signals(&golden, &history, view, name, limit("HighLatencyP99"), limit("HighErrorRate")))
            @if view.state.processor.is_some() { (rule_table(view, name, &groups)) }
        }
    }
}

fn signals(
    golden: &Golden,
    history: &[Bucket],
    view: &View<'_>,
    name: &str,
    slow: Option<f64>,
    failing: Option<f64>,
) -> Markup {
    let rate_scale = Scale::linear(history.iter().map(|bucket| bucket.rate), 1.0);
    let error_scale = Scale::linear(history.iter().filter_map(|bucket| bucket.error_ratio), failing.unwrap_or(0.05));
    let latencies = || history.iter().filter_map(|bucket| bucket.quantiles);
    let latency_scale = Scale::log(latencies().flatten().chain(slow));
    let quantile = |class, index: usize| line(view, history, class, |bucket| Some(bucket.quantiles?[index]));
    let shades = |family| shades(view, name, family);
    html! {
        dl class="signals" {
            div {
                dt { "Requests" }
                dd class="scale" { (scale_label(rate_scale, |top| format!("0–{} /s", format::number(top)))) }
                dd class="figure" { b { (format::rate(golden.rate)) } span class="unit" { " /s" } }
                dd class="plot" {
                    @let rate = Line { filled: true, ..line(view, history, "rate", |b| Some(b.rate)) };
                    (chart("", view.axis, rate_scale, None, &[rate], &shades(Family::Traffic)))
                }
            }
            div {
                dt { "Errors" }
                dd class="scale" {
                    (scale_label(error_scale, |top| format!("0–{} %", format::number(top * 100.0))))
                    @if let Some(limit) = failing { " · limit " (format::number(limit * 100.0)) " %" }
                }
                dd class="figure" {
                    b { (golden.error_ratio.map_or(format::NONE.to_owned(), format::percent)) }
                    span class="unit" { " %" }
                }
                dd class="plot" {
                    @let errors = Line { filled: true, ..line(view, history, "errors", |b| b.error_ratio) };
                    (chart("", view.axis, error_scale, failing, &[errors], &shades(Family::Errors)))
                }
            }
            div {
                dt { "Latency" }
                dd class="scale" {
                    "log scale"
                    @if let Some(limit) = slow { " · limit " (format::number(limit)) " ms" }
                }
                dd class="figure wide" {
                    @for (index, label) in ["P50", "P95", "P99"].into_iter().enumerate() {
                        span class={ "quantile q" (index) } {
                            span class="unit" { (label) " " }
                            @let value = golden.quantiles.map(|values| format::milliseconds(values[index]));
                            b { (value.unwrap_or(format::NONE.to_owned())) }
                        }
                    }
                    span class="unit" { " ms" }
                }
                dd class="plot" {
                    @let quantiles = [quantile("q0", 0), quantile("q1", 1), quantile("q2", 2)];
                    (chart("tall", view.axis, latency_scale, slow, &quantiles, &shades(Family::Latency)))
                }
            }
        }
    }
}

fn scale_label(scale: Scale, write: impl Fn(f64) -> String) -> String {
    match scale {
        Scale::Linear(top) => write(top),
        Scale::Log(..) => String::new(),
    }
}

fn line(view: &View<'_>, history: &[Bucket], class: &'static str, value: impl Fn(&Bucket) -> Option<f64>) -> Line {
    let left = view.second() - LAG_SECONDS - view.axis.seconds;
    let points = history.iter().map(|bucket| ((bucket.start - left) as f64 + STEP as f64 / 2.0, value(bucket)));
    Line { class, points: points.collect(), filled: false }
}

/// Returns the times at which an alert of this family was firing.
fn shades(view: &View<'_>, name: &str, family: Family) -> Vec<Shade> {
    let x = |at| view.axis.seconds as f64 - format::between(at, view.now);
    let alerts = view.state.alerts.all().iter();
    alerts
        .filter(|alert| alert.service() == name && Family::of_rule(&alert.rule) == family)
        .map(|alert| Shade {
            class: "alert",
            from: x(alert.fired_at),
            to: alert.resolved.map_or(view.axis.seconds as f64, |(at, _)| x(at)),
        })
        .collect()
}

/// Turns a reason into a sentence, with a capital letter and a full stop.
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn rule_table(view: &View<'_>, name: &str, groups: &[&GroupView]) -> Markup {
    let mut places: BTreeMap<String, BTreeMap<&str, &RuleView>> = BTreeMap::new();
    for group in groups {
        let rules = places.entry(place(group)).or_default();
        for (rule, state) in &group.rules {
            // The group of an expected service and the one that combines a service's regions both stand for all
            // regions.
            let known = rules.entry(rule.as_str()).or_insert(state);
            if known.state == RuleStatus::Unknown {
                *known = state;
            }
        }
    }
    let hidden = places.len().saturating_sub(MAX_PLACES);
    while places.len() > MAX_PLACES {
        places.pop_last();
    }
    let mut names: Vec<&String> = groups.iter().flat_map(|group| group.rules.keys()).collect();
    names.sort_by_key(|rule| (rules::rank(rule), *rule));
    names.dedup();
    let fresh = view.state.processor.as_ref().is_some_and(|processor| processor.failing.is_none());
    html! {
        @if names.is_empty() {
            p class="empty" { "No rule has evaluated it yet: the first window is evaluated within about 20 s." }
        } @else {
            table class="rules" {
                caption class="sr" { "Rules for " bdi { (name) } " by region" }
                thead {
                    tr {
                        th scope="col" { "Rule" }
                        @for place in places.keys() { th scope="col" class="name" title=(place) { (place) } }
                    }
                }
                tbody {
                    @for rule in names {
                        (rule_row(rule, places.values().map(|rules| rules.get(rule.as_str()).copied()), fresh))
                    }
                }
            }
            @if hidden > 0 { p class="muted" { "and " (hidden) " more regions" } }
        }
    }
}

fn rule_row<'a>(name: &str, states: impl Iterator<Item = Option<&'a RuleView>>, fresh: bool) -> Markup {
    let known = rules::rule(name);
    let unit = known.map_or(Unit::Number, |rule| rule.unit);
    html! {
        tr {
            th scope="row" title=[known.map(|rule| format!("{name}: {}", rule.explanation))] {
                (known.map_or(name, |rule| rule.short))
            }
            @for state in states {
                @let condition = state.filter(|_| fresh).map_or(Condition::Unknown, |state| Condition::of(state.state));
                @let limit = state.and_then(|state| state.threshold).map(|limit| format::measured(unit, limit));
                @let limit = limit.map(|limit| format!("{}, limit {limit}", condition.word()));
                @let reason = state.filter(|_| fresh).and_then(|state| state.reason.as_deref()).map(sentence);
                td class=(condition.word()) title=[reason.or(limit)] {
                    (shape(condition))
                    span class="sr" { (condition.word()) " " }
                    @let value = state.and_then(|state| state.value).map(|value| cell(unit, value));
                    span { (value.unwrap_or(format::NONE.to_owned())) }
                }
            }
        }
    }
}

/// Formats a value for a narrow column; the row gives the unit.
fn cell(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Milliseconds => format::milliseconds(value),
        Unit::Share => format::percent(value),
        Unit::PerMinute | Unit::Number => format::number(value),
    }
}
