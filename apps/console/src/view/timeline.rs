//! The incident timeline: injected faults, the signal, detections and notifications on one axis.

mod tracks;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use tidewatch_service::printable;

use self::tracks::lane_markup;
use super::chart::fixed;
use super::{View, format, stories};
use crate::rules::Family;
use crate::story::Story;

/// Maximum number of lanes shown; only the number of further lanes is shown.
const MAX_LANES: usize = 8;
/// Maximum number of rows for a lane's detections; further regions share the last row.
const MAX_BARS: usize = 6;

const TITLE: f64 = 24.0;
const BAR: f64 = 12.0;
const SIGNAL: f64 = 38.0;
const THIN: f64 = 6.0;
const MARKS: f64 = 16.0;
const GAP: f64 = 5.0;
const BETWEEN: f64 = 14.0;
const AXIS: f64 = 22.0;

/// All stories of one service and family within the axis; they share their tracks.
struct Lane<'a, 'b> {
    service: &'a str,
    family: Family,
    stories: Vec<&'b Story<'a>>,
    top: f64,
    bars: usize,
}

/// The vertical positions of a lane's tracks.
struct Tracks {
    injected: Option<f64>,
    signal: f64,
    detected: f64,
    notified: Option<f64>,
    end: f64,
}

impl Lane<'_, '_> {
    fn tracks(&self, view: &View<'_>) -> Tracks {
        let mut y = self.top + TITLE;
        let mut place = |height: f64| {
            let at = y;
            y += height + GAP;
            at
        };
        let injected = view.state.simulator.is_some().then(|| place(BAR));
        let signal = place(SIGNAL);
        let detected = place((self.bars as f64 * (THIN + 1.0)).max(BAR));
        let notified = view.state.slack.is_some().then(|| place(MARKS));
        Tracks { injected, signal, detected, notified, end: y - GAP }
    }
}

pub(super) fn timeline(view: &View<'_>) -> Markup {
    let oldest = view.now - SignedDuration::from_secs(view.axis.seconds);
    let recent: Vec<&Story<'_>> =
        view.stories.iter().filter(|story| story.ended().is_none_or(|ended| ended >= oldest)).collect();
    let mut by_lane: BTreeMap<(&str, Family), Vec<&Story<'_>>> = BTreeMap::new();
    for story in &recent {
        by_lane.entry((story.service, story.family)).or_default().push(story);
    }
    let mut lanes: Vec<Lane<'_, '_>> = by_lane
        .into_iter()
        .map(|((service, family), stories)| {
            let bars = stories.iter().map(|story| story.alerts.len()).max().unwrap_or_default().clamp(1, MAX_BARS);
            Lane { service, family, stories, top: 0.0, bars }
        })
        .collect();
    // A lane keeps its place while it grows: the lane that began last is on top.
    lanes.sort_by_key(|lane| std::cmp::Reverse(lane.stories.iter().map(|story| story.began()).min()));
    let hidden = lanes.len().saturating_sub(MAX_LANES);
    lanes.truncate(MAX_LANES);
    let mut height = AXIS;
    for lane in &mut lanes {
        lane.top = height;
        height = lane.tracks(view).end + BETWEEN;
    }
    html! {
        @if lanes.is_empty() {
            (quiet(view))
        } @else {
            div class="lanes" {
                (gutter(view, &lanes, height))
                svg class="axis" width="100%" height=(fixed(height)) role="img" aria-labelledby="axis-title" {
                    title id="axis-title" {
                        "Faults, detections and notifications of the last " (view.axis.name())
                        ". The list below describes the same in words."
                    }
                    defs {
                        pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
                            patternTransform="rotate(45)" {
                            rect class="hatch-ground" width="6" height="6" {}
                            rect class="hatch-line" width="3" height="6" {}
                        }
                    }
                    (grid(view, height))
                    @for lane in &lanes { (lane_markup(view, lane)) }
                    line class="now" x1="100%" x2="100%" y1=(fixed(AXIS)) y2=(fixed(height)) {}
                }
            }
            @if hidden > 0 { p class="muted" { "and " (hidden) " more lanes" } }
            (legend(view))
            (stories::stories(view, &recent))
        }
    }
}

fn quiet(view: &View<'_>) -> Markup {
    let example = view.state.signals.services().map(|(name, _)| name).last().unwrap_or("payment-service");
    html! {
        div class="quiet" {
            svg class="axis" width="100%" height="52" aria-hidden="true" focusable="false" {
                (grid(view, 52.0))
                line class="now" x1="100%" x2="100%" y1=(fixed(AXIS)) y2="52" {}
            }
            p { strong { "Nothing was injected and nothing was detected in the last " (view.axis.name()) "." } }
            @if view.state.simulator.is_some() {
                p { "Break something and watch this axis: the fault appears at once, its detection and the \
                     notification seconds later." }
                pre tabindex="0" {
                    "cargo run --release -- break " (printable(example)) " --latency 10\n"
                    "cargo run --release -- break " (printable(example)) " --error-rate 0.3 --for 2m\n"
                    "cargo run --release -- heal"
                }
            }
        }
    }
}

/// Renders the names of the tracks next to the axis.
fn gutter(view: &View<'_>, lanes: &[Lane<'_, '_>], height: f64) -> Markup {
    html! {
        svg class="gutter" width="100%" height=(fixed(height)) aria-hidden="true" focusable="false" {
            @for lane in lanes {
                @let tracks = lane.tracks(view);
                @if let Some(y) = tracks.injected { text class="injected" x="0" y=(fixed(y + 10.0)) { "injected" } }
                text x="0" y=(fixed(tracks.signal + SIGNAL / 2.0 + 4.0)) { (lane.family.signal()) }
                text class="detected" x="0" y=(fixed(tracks.detected + 10.0)) { "detected" }
                @if let Some(y) = tracks.notified { text class="notified" x="0" y=(fixed(y + 12.0)) { "notified" } }
            }
        }
    }
}

/// Renders lines at round times, with the time of day at every second line.
fn grid(view: &View<'_>, height: f64) -> Markup {
    let axis = view.axis;
    let now = view.second();
    let first = (now - axis.seconds).div_euclid(axis.line) + 1;
    let letters = if axis.label % 60 == 0 { 5 } else { 8 };
    html! {
        @for second in (first..=now / axis.line).map(|line| line * axis.line) {
            @let at = Timestamp::from_second(second).unwrap_or_default();
            @let x = percent(view, at);
            line class="minute" x1={ (fixed(x)) "%" } x2={ (fixed(x)) "%" } y1=(fixed(AXIS - 4.0)) y2=(fixed(height)) {}
            @if second % axis.label == 0 && x > 9.0 && x < 86.0 {
                text class="tick" x={ (fixed(x)) "%" } y="12" text-anchor="middle" { (&format::clock(at)[..letters]) }
            }
        }
        text class="tick" x="100%" y="12" text-anchor="end" { "now" }
    }
}

/// Returns the position of a moment on the axis, in percent of its width.
fn percent(view: &View<'_>, at: Timestamp) -> f64 {
    let from_left = view.axis.seconds as f64 - format::between(at, view.now);
    (from_left / view.axis.seconds as f64 * 100.0).clamp(0.0, 100.0)
}

fn legend(view: &View<'_>) -> Markup {
    let swatch = |class: &str, text: &str| html! { li { span class={ "swatch " (class) } {} (text) } };
    html! {
        ul class="legend" aria-label="Legend" {
            @if view.state.simulator.is_some() {
                (swatch("injected", "fault injected"))
                (swatch("blind", "until detected"))
            }
            (swatch("trace", "the signal"))
            (swatch("detected", "alert fires, one bar per region"))
            @if view.state.slack.is_some() {
                (swatch("notified", "notified: firing")) (swatch("over", "notified: over"))
            }
        }
    }
}
