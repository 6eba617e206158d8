//! Notices about data that the page can't show right now, and since when, so that missing data never looks like health.

use jiff::Timestamp;
use maud::{Markup, html};

use super::shape::{Condition, shape};
use super::{View, format};
use crate::peers::Peer;

pub(super) fn notices(view: &View<'_>) -> Markup {
    let state = view.state;
    html! {
        @if let Some(since) = state.kafka_failing {
            (notice(view, "Kafka", &state.brokers, since, "", "Figures, alerts and logs below are out of date."))
        }
        @if let Some((peer, since, why)) = failing(&state.processor) {
            (notice(view, "stream-processor", peer, since, why, "Rules may not be evaluated: their states and the lag \
                                                                 are unknown."))
        }
        @if let Some((peer, since, why)) = failing(&state.simulator) {
            (notice(view, "workload-simulator", peer, since, why, "Injected faults may be missing from the timeline."))
        }
        @if let Some((peer, since, why)) = failing(&state.slack) {
            (notice(view, "mock-slack", peer, since, why, "Notifications may be missing from the timeline."))
        }
    }
}

fn failing<T>(peer: &Option<Peer<T>>) -> Option<(&str, Timestamp, &str)> {
    let peer = peer.as_ref()?;
    peer.failing.as_ref().map(|(since, why)| (peer.url.as_str(), *since, why.as_str()))
}

fn notice(view: &View<'_>, who: &str, place: &str, since: Timestamp, why: &str, consequence: &str) -> Markup {
    html! {
        p class="notice" {
            (shape(Condition::Unknown))
            span {
                strong { (who) ": not answering since " time { (format::clock(since)) " UTC" } }
                " (" (format::age(since, view.now)) ") at " code { (place) }
                @if !why.is_empty() { ", " (why) }
                ". " (consequence)
            }
        }
    }
}
