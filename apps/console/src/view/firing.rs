//! The firing incidents, most urgent first.

use maud::{Markup, html};
use tidewatch_service::printable;

use super::shape::{Condition, shape};
use super::{View, format};
use crate::alerts::{Alert, worst};
use crate::rules::{self, Unit};

/// Maximum number of incidents shown in full; only the number of further incidents is shown.
const SHOWN: usize = 12;

pub(super) fn firing(view: &View<'_>) -> Markup {
    html! {
        @if !view.incidents.is_empty() {
            ul class="incidents" {
                @for alerts in view.incidents.iter().take(SHOWN) { (incident(view, alerts)) }
            }
            @if view.incidents.len() > SHOWN { p class="muted" { "and " (view.incidents.len() - SHOWN) " more" } }
        }
    }
}

/// Announces the firing incidents to a screen reader; the text changes only when the list of incidents does.
pub(super) fn announcement(view: &View<'_>) -> Markup {
    let firing: Vec<String> = view
        .incidents
        .iter()
        .take(SHOWN)
        .filter_map(|alerts| alerts.first())
        .map(|alert| printable(format_args!("{} on {}", alert.rule, alert.service())).to_string())
        .collect();
    html! { @if firing.is_empty() { "Nothing fires." } @else { (firing.len()) " firing: " (firing.join(", ")) } }
}

fn incident(view: &View<'_>, alerts: &[&Alert]) -> Markup {
    let Some(worst) = worst(alerts) else { return html! {} };
    let regions: Vec<&str> = alerts.iter().filter_map(|alert| alert.region()).collect();
    let since = alerts.iter().map(|alert| alert.fired_at).min().unwrap_or(view.now);
    let known = rules::rule(&worst.rule);
    let unit = known.map_or(Unit::Number, |rule| rule.unit);
    html! {
        li class={ "incident " (worst.severity.as_str()) } {
            (shape(Condition::Firing))
            div {
                p class="what" {
                    strong class="name" { (worst.service()) }
                    " " span class="rule" title=[known.map(|rule| rule.explanation)] { (worst.rule) }
                    " " span class="severity" { (worst.severity.as_str()) }
                }
                p {
                    b { (format::measured(unit, worst.value)) }
                    @if regions.len() > 1 { " at worst" }
                    " when it fired, limit " (format::measured(unit, worst.threshold))
                    @if !regions.is_empty() { " · " (names(&regions)) }
                    " · since " (format::clock(since)) " UTC (" (format::age(since, view.now)) ")"
                    @if let Some(url) = link(&worst.runbook_url) {
                        " · "
                        a href=(url) rel="noreferrer" {
                            "what to do" span class="sr" { " about " bdi { (worst.rule) } }
                        }
                    }
                }
            }
        }
    }
}

/// Renders names in a row, each isolated so that none changes the text direction of the others.
fn names(all: &[&str]) -> Markup {
    html! {
        @for (number, name) in all.iter().enumerate() { @if number > 0 { ", " } span class="name" { (name) } }
    }
}

/// Returns the URL if it is a plain web address: others may write to the alerts topic, and following a URL of another
/// kind could do more than open a page.
fn link(url: &str) -> Option<&str> {
    (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(link("https://example.org/a"), Some("https://example.org/a"));
        for hostile in ["javascript:alert(1)", "data:text/html,x", " https://x", "//x", ""] {
            assert_eq!(link(hostile), None, "{hostile}");
        }
    }
}
