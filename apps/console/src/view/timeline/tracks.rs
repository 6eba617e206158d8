//! One lane of the timeline: its tracks on the axis, and the seconds between their events.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tidewatch_contract::http::mock_slack::NotificationStatus;
use tidewatch_service::printable;

use super::super::chart::{Line, Scale, chart, fixed};
use super::super::services::STEP;
use super::super::stories::{self, strength};
use super::super::{View, answer, format};
use super::{BAR, Lane, MARKS, MAX_BARS, SIGNAL, THIN, Tracks, percent};
use crate::rules::Family;
use crate::story::Story;

pub(super) fn lane_markup(view: &View<'_>, lane: &Lane<'_, '_>) -> Markup {
    let tracks = lane.tracks(view);
    let newest = lane.stories.first();
    html! {
        g class="lane" {
            text class="lane-title" x="0" y=(fixed(lane.top + 15.0)) {
                (printable(lane.service))
                tspan class="muted" dx="8" { @if let Some(story) = newest { (printable(stories::what(view, story))) } }
            }
            rect class="ground" x="0" width="100%" y=(fixed(tracks.signal)) height=(fixed(SIGNAL)) {}
            @for story in &lane.stories { (blind_time(view, story, &tracks)) }
            (signal(view, lane, tracks.signal))
            @for story in lane.stories.iter().rev() {
                @if let Some(y) = tracks.injected { (injected(view, story, y)) }
                (detected(view, story, tracks.detected))
                @if let Some(y) = tracks.notified { (notified(view, story, y)) }
            }
        }
    }
}

/// Marks the time from the fault until it was detected or healed, while nobody knew about it.
fn blind_time(view: &View<'_>, story: &Story<'_>, tracks: &Tracks) -> Markup {
    let Some(fault) = story.fault else { return html! {} };
    let until = story.detected().or(story.healed()).unwrap_or(view.now);
    let (from, to) = (percent(view, fault.injected_at), percent(view, until));
    html! {
        @if to > 0.0 {
            rect class="blind" x={ (fixed(from)) "%" } width={ (fixed((to - from).max(0.1))) "%" }
                y=(fixed(tracks.signal)) height=(fixed(tracks.detected - tracks.signal)) {}
            line class="onset" x1={ (fixed(from)) "%" } x2={ (fixed(from)) "%" }
                y1=(fixed(tracks.injected.unwrap_or(tracks.signal))) y2=(fixed(tracks.end)) {}
        }
    }
}

fn signal(view: &View<'_>, lane: &Lane<'_, '_>, y: f64) -> Markup {
    let left = view.now.as_duration().as_secs_f64() - view.axis.seconds as f64;
    let history = view
        .state
        .signals
        .service(lane.service)
        .map(|series| series.history(view.second(), view.axis.seconds, STEP))
        .unwrap_or_default();
    let middle = |start: i64| start as f64 + STEP as f64 / 2.0 - left;
    let points: Vec<(f64, Option<f64>)> = match lane.family {
        Family::Malformed => {
            dead_letters(view, lane.service).map(|(start, rate)| (middle(start), Some(rate))).collect()
        }
        family => history
            .iter()
            .map(|bucket| {
                let value = match family {
                    Family::Latency => bucket.quantiles.map(|values| values[2]),
                    Family::Errors => bucket.error_ratio,
                    Family::Clock => bucket.off_clock_ratio,
                    _ => Some(bucket.rate),
                };
                (middle(bucket.start), value)
            })
            .collect(),
    };
    let values = || points.iter().filter_map(|(_, value)| *value);
    let limit = limit(view, lane);
    let (scale, label) = match lane.family {
        Family::Latency => (Scale::log(values().chain(limit)), " ms"),
        Family::Errors | Family::Clock => (Scale::linear(values().chain(limit), 0.05), " %"),
        _ => (Scale::linear(values(), 1.0), " /s"),
    };
    let peak = values().fold(0.0, f64::max);
    let peak = match lane.family {
        Family::Errors | Family::Clock => format::percent(peak),
        Family::Latency => format::milliseconds(peak),
        _ => format::number(peak),
    };
    html! {
        svg class="signal" x="0" y=(fixed(y)) width="100%" height=(fixed(SIGNAL)) {
            (chart("nested", view.axis, scale, limit, &[Line { class: "trace", points, filled: true }], &[]))
        }
        text class="peak" x="4" y=(fixed(y + 11.0)) { "peak " (peak) (label) }
    }
}

/// Returns the threshold of the family's own rule, if it is in the signal's unit.
fn limit(view: &View<'_>, lane: &Lane<'_, '_>) -> Option<f64> {
    let rule = match lane.family {
        Family::Latency => "HighLatencyP99",
        Family::Errors => "HighErrorRate",
        _ => return None,
    };
    let of_alert = || lane.stories.iter().flat_map(|story| &story.alerts).find(|alert| alert.rule == rule);
    answer(&view.state.processor)
        .and_then(|status| {
            let mut groups = status.groups.iter().filter(|group| group.service() == lane.service);
            groups.find_map(|group| group.rules.get(rule)?.threshold)
        })
        .or_else(|| of_alert().map(|alert| alert.threshold))
}

/// Returns the dead letters per second, in steps over the whole axis.
fn dead_letters(view: &View<'_>, service: &str) -> impl Iterator<Item = (i64, f64)> {
    let mut steps: BTreeMap<i64, u32> = BTreeMap::new();
    let first = (view.second() - view.axis.seconds).div_euclid(STEP) + 1;
    for step in first..view.second().div_euclid(STEP) {
        steps.insert(step, 0);
    }
    for (second, count) in view.state.letters.of_key(service) {
        if let Some(sum) = steps.get_mut(&second.div_euclid(STEP)) {
            *sum += count;
        }
    }
    steps.into_iter().map(|(step, count)| (step * STEP, f64::from(count) / STEP as f64))
}

fn injected(view: &View<'_>, story: &Story<'_>, y: f64) -> Markup {
    let Some(fault) = story.fault else { return html! {} };
    let (from, to) = (percent(view, fault.injected_at), percent(view, fault.healed_at.unwrap_or(view.now)));
    html! {
        @if to > 0.0 {
            rect class="injected" x={ (fixed(from)) "%" } width={ (fixed((to - from).max(0.4))) "%" }
                y=(fixed(y)) height=(fixed(BAR)) rx="2" fill="url(#hatch)" {
                title {
                    (printable(stories::what(view, story))) ", injected " (format::clock(fault.injected_at)) " UTC"
                }
            }
            (label_before(from, y + 10.0, "injected", &strength(fault)))
        }
    }
}

fn detected(view: &View<'_>, story: &Story<'_>, y: f64) -> Markup {
    let first = story.detected().map(|at| percent(view, at));
    let last = story.resolved().map(|at| percent(view, at));
    html! {
        @for (index, alert) in story.alerts.iter().enumerate() {
            @let end = alert.resolved.map_or(view.now, |(at, _)| at);
            @let (from, to) = (percent(view, alert.fired_at), percent(view, end));
            @if to > 0.0 {
                rect class={ "detected " (alert.severity.as_str()) }
                    x={ (fixed(from)) "%" } width={ (fixed((to - from).max(0.4))) "%" }
                    y=(fixed(y + index.min(MAX_BARS - 1) as f64 * (THIN + 1.0))) height=(fixed(THIN)) rx="1.5" {
                    title {
                        (printable(&alert.rule)) " " (printable(alert.region().unwrap_or_default()))
                        ", detected " (format::clock(alert.fired_at)) " UTC"
                    }
                }
            }
        }
        @if let (Some((at, count)), true) = (story.dead_letters, story.alerts.is_empty()) {
            @let (from, to) = (percent(view, at), percent(view, story.healed().unwrap_or(view.now)));
            rect class="detected warning" x={ (fixed(from)) "%" } width={ (fixed((to - from).max(0.4))) "%" }
                y=(fixed(y)) height=(fixed(BAR)) rx="1.5" {
                title { (stories::dead_letters(count)) }
            }
        }
        @if let (Some(x), Some(fault), Some(at)) = (first, story.fault, story.detected()) {
            @let after = format::duration(format::between(fault.injected_at, at));
            (label_before(x, y + 10.0, "detected", &format!("+{after}")))
        }
        @if let (Some(x), Some(healed), Some(at)) = (last, story.healed(), story.resolved()) {
            @if x < 90.0 && x > 0.0 {
                text class="delta detected" x={ (fixed(x)) "%" } dx="6" y=(fixed(y + 10.0)) {
                    "over +" (format::duration(format::between(healed, at)))
                }
            }
        }
    }
}

/// Draws a filled diamond for each firing notification and a hollow one for each resolution.
fn notified(view: &View<'_>, story: &Story<'_>, y: f64) -> Markup {
    html! {
        @if let (Some(notified), Some(until)) = (story.notified(), Some(story.notified_over().unwrap_or(view.now))) {
            @let (from, to) = (percent(view, notified), percent(view, until));
            line class="notified" x1={ (fixed(from)) "%" } x2={ (fixed(to)) "%" }
                y1=(fixed(y + 8.0)) y2=(fixed(y + 8.0)) {}
        }
        @for notification in &story.notifications {
            @let x = percent(view, notification.received_at);
            @if x > 0.0 {
                svg x={ (fixed(x)) "%" } y=(fixed(y)) width="1" height=(fixed(MARKS)) overflow="visible" {
                    @let class = if notification.status == NotificationStatus::Firing { "firing" } else { "over" };
                    path class={ "notified " (class) } d="M0 2 6 8 0 14-6 8z" {
                        title {
                            "notified: " (notification.status.as_str())
                            " " (printable(notification.label("alertname")))
                            " " (printable(notification.label("region")))
                            ", " (format::clock(notification.received_at)) " UTC"
                        }
                    }
                }
            }
        }
        @if let (Some(at), Some(fault)) = (story.notified(), story.fault) {
            @let after = format::duration(format::between(fault.injected_at, at));
            (label_before_by(percent(view, at), 11.0, y + 12.0, "notified", &format!("+{after}")))
        }
    }
}

fn label_before(x: f64, y: f64, class: &str, text: &str) -> Markup {
    label_before_by(x, 6.0, y, class, text)
}

/// Renders text that ends to the left of a position on the axis, if there is room for it.
fn label_before_by(x: f64, distance: f64, y: f64, class: &str, text: &str) -> Markup {
    html! {
        @if x > 14.0 {
            text class={ "delta " (class) } x={ (fixed(x)) "%" } dx=(fixed(-distance)) y=(fixed(y)) text-anchor="end" {
                (text)
            }
        }
    }
}
