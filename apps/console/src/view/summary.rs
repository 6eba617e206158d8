//! The head of the page: overall health and throughput. Also the window's title and icon.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use super::shape::{Condition, shape};
use super::{View, format};
use crate::standing::standing;

/// Returns the window's title, such as `(2 firing) Tidewatch`.
pub(super) fn title(view: &View<'_>) -> String {
    match view.incidents.len() {
        0 if blind(view) => "(?) Tidewatch".to_owned(),
        0 => "Tidewatch".to_owned(),
        firing => format!("({firing} firing) Tidewatch"),
    }
}

/// A wave.
pub(super) static QUIET_ICON: LazyLock<String> = LazyLock::new(|| {
    data_uri(
        "<rect width='32' height='32' rx='8' fill='#0b6577'/><path d='M3 19c4.5 0 4.5-6 9-6s4.5 6 9 6 4.5-6 8-6' \
         fill='none' stroke='#fff' stroke-width='3.5' stroke-linecap='round'/>",
    )
});
/// A red triangle: something is firing.
pub(super) static FIRING_ICON: LazyLock<String> = LazyLock::new(|| {
    data_uri("<path d='M16 2 31 29H1z' fill='#d3202c'/><path d='M16 12v8m0 4v1' stroke='#fff' stroke-width='3.5'/>")
});
/// A grey, broken ring: the state is unknown.
pub(super) static BLIND_ICON: LazyLock<String> = LazyLock::new(|| {
    data_uri("<circle cx='16' cy='16' r='12' fill='none' stroke='#7b8d96' stroke-width='5' stroke-dasharray='7 5'/>")
});

fn data_uri(shapes: &str) -> String {
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>{shapes}</svg>");
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg))
}

/// Returns the icon for the current state.
pub(super) fn icon(view: &View<'_>) -> String {
    let icon = if !view.incidents.is_empty() {
        &FIRING_ICON
    } else if blind(view) {
        &BLIND_ICON
    } else {
        &QUIET_ICON
    };
    icon.to_string()
}

/// Returns whether problems would go unnoticed, because Kafka or the stream-processor doesn't answer.
fn blind(view: &View<'_>) -> bool {
    let judge_is_gone = view.state.processor.as_ref().is_some_and(|processor| processor.failing.is_some());
    view.state.kafka_failing.is_some() || judge_is_gone
}

pub(super) fn summary(view: &View<'_>) -> Markup {
    let golden: Vec<_> = view.state.signals.services().map(|(_, series)| series.golden(view.second())).collect();
    let rate: f64 = golden.iter().map(|golden| golden.rate).sum();
    let errors: f64 = golden.iter().filter_map(|golden| golden.error_ratio.map(|ratio| ratio * golden.rate)).sum();
    let totals = view.state.processor.as_ref().and_then(|processor| processor.current()).map(|status| status.totals);
    html! {
        (verdict(view, golden.len()))
        dl class="tiles" {
            (tile("Requests", &format::rate(rate), "/s", "All services together, over the last 10 s."))
            (tile(
                "Errors",
                &if rate > 0.0 { format::percent(errors / rate) } else { format::NONE.to_owned() },
                "%",
                "Failed share of all requests, over the last 10 s.",
            ))
            @if let Some(totals) = totals {
                (tile(
                    "Lag",
                    &format::thousands(totals.lag as i64),
                    if totals.lag == 1 { "record" } else { "records" },
                    "Written to Kafka and not yet read by the stream-processor.",
                ))
            }
            @if let Some(held) = view.state.letters.held() {
                @let recent = view.state.letters.recent(view.second(), 60);
                (tile(
                    "Dead letters",
                    &format::thousands(held),
                    &if recent > 0 { format!("held, +{recent} in the last minute") } else { "held".to_owned() },
                    "Records that can't be read, kept in metrics.raw.dlq.",
                ))
            }
        }
    }
}

fn tile(name: &str, value: &str, unit: &str, meaning: &str) -> Markup {
    html! { div title=(meaning) { dt { (name) } dd { b { (value) } " " span class="unit" { (unit) } } } }
}

/// Returns the number of services whose condition is unknown because they have too few requests.
fn unjudged(view: &View<'_>) -> usize {
    let services = view.state.signals.services();
    let standings = services.map(|(name, series)| standing(view.state, name, series.golden(view.second()).rate));
    standings.filter(|standing| standing.reason.is_some()).count()
}

fn verdict(view: &View<'_>, services: usize) -> Markup {
    let firing = view.incidents.len();
    let (condition, word, more) = if firing > 0 {
        let hit = view.incidents.iter().filter_map(|alerts| alerts.first()).map(|alert| alert.service());
        let hit: std::collections::BTreeSet<&str> = hit.collect();
        (Condition::Firing, format!("{firing} firing"), format!("{} of {services} services", hit.len()))
    } else if blind(view) {
        (Condition::Unknown, "Status unknown".to_owned(), "see below".to_owned())
    } else if services == 0 {
        (Condition::Unknown, "No events yet".to_owned(), "waiting".to_owned())
    } else {
        let services_word = if services == 1 { "service" } else { "services" };
        let unjudged = match unjudged(view) {
            0 => String::new(),
            unjudged => format!(", {unjudged} with too few requests to evaluate"),
        };
        (Condition::Ok, "All quiet".to_owned(), format!("{services} {services_word}{unjudged}"))
    };
    html! {
        p class={ "verdict " (condition.word()) } {
            (shape(condition)) strong { (word) } span { (more) }
        }
    }
}
