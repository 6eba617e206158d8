//! Each incident in words: injected, detected, notified, healed, resolved, and the seconds between these steps.

use jiff::Timestamp;
use maud::{Markup, html};
use tidewatch_contract::http::simulator::Fault;
use tidewatch_service::printable;

use super::{View, format};
use crate::alerts::worst;
use crate::rules::{Family, Unit, rule};
use crate::story::Story;

/// Maximum number of incidents in words; older ones appear only on the axis.
const SHOWN: usize = 6;

pub(super) fn stories(view: &View<'_>, stories: &[&Story<'_>]) -> Markup {
    html! {
        ol class="stories" aria-label="Incidents in words, newest first" {
            @for story in stories.iter().take(SHOWN) {
                li class={ "story " (if story.ended().is_some() { "over" } else { "on" }) } {
                    p class="what" { strong class="name" { (story.service) } " " (printable(what(view, story))) }
                    ol class="steps" { @for step in steps(view, story) { (step.markup()) } }
                }
            }
        }
    }
}

/// Describes in a few words what happened to the service.
pub(super) fn what(view: &View<'_>, story: &Story<'_>) -> String {
    match story.fault {
        Some(fault) => {
            let place = fault.region.as_deref().map_or("in all regions".to_owned(), |region| format!("in {region}"));
            let kind = match story.family {
                Family::Latency => "latency",
                Family::Errors => "errors",
                Family::Traffic => "silence",
                Family::Clock => "clock skew",
                Family::Malformed => "malformed records",
                Family::Other => fault.kind.as_str(),
            };
            let strength = strength(fault);
            if story.family == Family::Traffic {
                format!("{kind} {place}")
            } else {
                format!("{kind} {strength} {place}")
            }
        }
        None => {
            let rule = story.alerts.first().map_or("alert", |alert| alert.rule.as_str());
            let known = view.state.simulator.as_ref().is_some_and(|simulator| simulator.current().is_some());
            if known { format!("{rule}, no such fault was injected") } else { rule.to_owned() }
        }
    }
}

/// Formats the strength of a fault, in the unit of its kind.
pub(super) fn strength(fault: &Fault) -> String {
    let value = fault.value;
    match Family::of_fault(fault.kind) {
        Family::Latency => format!("×{}", format::number(value)),
        Family::Errors | Family::Malformed => format!("{} %", format::number(value * 100.0)),
        Family::Clock => format!("{}{} s", if value > 0.0 { "+" } else { "" }, format::number(value)),
        Family::Traffic => "silent".to_owned(),
        Family::Other => format::number(value),
    }
}

/// A step of a story.
struct Step {
    name: &'static str,
    class: &'static str,
    /// When it happened; `None` while it is pending.
    at: Option<Timestamp>,
    /// Seconds since the step that it is measured from; until now while it is pending.
    after: Option<f64>,
    detail: String,
}

impl Step {
    fn markup(&self) -> Markup {
        html! {
            li class={ (self.class) @if self.at.is_none() { " waiting" } } {
                span class="step" { (self.name) }
                @match (self.at, self.after) {
                    (Some(at), Some(after)) => { b { "+" (format::duration(after)) } time { (format::clock(at)) } }
                    (Some(at), None) => b { time { (format::clock(at)) } },
                    (None, Some(waiting)) => b { "… " (format::duration(waiting.floor())) },
                    (None, None) => b { "…" },
                }
                span class="detail name" { (self.detail) }
            }
        }
    }
}

fn steps(view: &View<'_>, story: &Story<'_>) -> Vec<Step> {
    let began = story.began();
    let since = |from: Timestamp, at: Option<Timestamp>| Some(format::between(from, at.unwrap_or(view.now)));
    let mut steps = Vec::with_capacity(6);
    if let Some(fault) = story.fault {
        let detail = fault
            .heals_at
            .filter(|_| fault.healed_at.is_none())
            .map(|at| format!("heals automatically at {}", format::clock(at)));
        steps.push(Step {
            name: "Injected",
            class: "injected",
            at: Some(began),
            after: None,
            detail: detail.unwrap_or_default(),
        });
    }
    let from_injection = |at| story.fault.and_then(|_| since(began, at));
    // An undetected fault is given up 90 s after its healing: windows look back 60 s.
    let given_up =
        story.detected().is_none() && story.healed().is_some_and(|healed| format::between(healed, view.now) > 90.0);
    if given_up {
        steps.push(Step {
            name: "Not detected",
            class: "missed",
            at: story.healed(),
            after: None,
            detail: "healed before a rule was violated for long enough".to_owned(),
        });
        return steps;
    }
    steps.push(Step {
        name: "Detected",
        class: "detected",
        at: story.detected(),
        after: from_injection(story.detected()),
        detail: detection(story),
    });
    let expects_word = view.state.slack.is_some() && (story.family != Family::Malformed || story.notified().is_some());
    if expects_word && story.detected().is_some() {
        let after = from_injection(story.notified()).or_else(|| since(began, story.notified()));
        steps.push(Step { name: "Notified", class: "notified", at: story.notified(), after, detail: String::new() });
    }
    if story.fault.is_some()
        && let Some(healed) = story.healed()
    {
        steps.push(Step {
            name: "Healed",
            class: "injected",
            at: Some(healed),
            after: None,
            detail: format!("after {}", format::duration(format::between(began, healed))),
        });
    }
    let recovering = story.healed().is_some() || story.resolved().is_some();
    if recovering && !story.alerts.is_empty() {
        let from = story.healed().unwrap_or(began);
        steps.push(Step {
            name: "Resolved",
            class: "resolved",
            at: story.resolved(),
            after: since(from, story.resolved()),
            detail: String::new(),
        });
        if expects_word && story.resolved().is_some() {
            steps.push(Step {
                name: "Resolution sent",
                class: "notified",
                at: story.notified_over(),
                after: since(from, story.notified_over()),
                detail: String::new(),
            });
        }
    }
    steps
}

/// Formats a number of dead letters.
pub(super) fn dead_letters(count: u32) -> String {
    if count == 1 { "1 dead letter".to_owned() } else { format!("{} dead letters", format::thousands(count.into())) }
}

/// Describes what detected the incident, and how bad it was.
fn detection(story: &Story<'_>) -> String {
    if let (Some((_, count)), true) = (story.dead_letters, story.alerts.is_empty()) {
        return dead_letters(count);
    }
    let Some(worst) = worst(&story.alerts) else { return String::new() };
    let unit = rule(&worst.rule).map_or(Unit::Number, |rule| rule.unit);
    let regions = match story.alerts.len() {
        1 => worst.region().unwrap_or_default().to_owned(),
        regions => format!("{regions} regions"),
    };
    format!("{} {} {regions}", worst.rule, format::measured(unit, worst.value))
}
