//! The page: a pure function from state to markup, without a clock or I/O.

mod axis;
mod chart;
mod firing;
mod format;
mod logs;
mod notices;
mod page;
mod pipeline;
mod processes;
mod services;
mod shape;
mod stories;
mod summary;
#[cfg(test)]
mod tests;
mod timeline;

use std::sync::Arc;

use jiff::Timestamp;
use maud::{Markup, html};
use tidewatch_contract::http::simulator::Fault;

use crate::alerts::Alert;
use crate::state::State;
use crate::story::{Story, stories};

use axis::Axis;
pub use page::{CONTENT_SECURITY_POLICY, page};
pub(crate) use shape::Condition;

/// The data from which every part of the page is rendered.
pub(crate) struct View<'a> {
    state: &'a State,
    now: Timestamp,
    stories: Vec<Story<'a>>,
    incidents: Vec<Vec<&'a Alert>>,
    axis: Axis,
}

impl<'a> View<'a> {
    pub(crate) fn new(state: &'a State, now: Timestamp) -> Self {
        let faults: Vec<&Fault> = answer(&state.simulator).map(|faults| faults.all()).unwrap_or_default();
        let notifications = answer(&state.slack).map(Vec::as_slice).unwrap_or_default();
        let oldest = state.signals.services().map(|(_, series)| series.first()).min();
        Self {
            state,
            now,
            axis: Axis::holding(oldest.map_or(0, |oldest| now.as_second() - oldest)),
            stories: stories(&faults, state.alerts.all(), notifications, &state.letters, now),
            incidents: state.alerts.incidents(),
        }
    }

    fn second(&self) -> i64 {
        self.now.as_second()
    }
}

/// Returns a peer's last good answer, even while it doesn't answer; a notice says since when.
fn answer<T>(peer: &Option<crate::peers::Peer<T>>) -> Option<&T> {
    peer.as_ref()?.answer.as_ref()
}

/// Everything on the page that changes, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The window's title, with the number of firing incidents.
    pub title: String,
    /// The icon, as a data URI.
    pub icon: String,
    /// The time at which it was rendered, as shown on the page.
    pub at: String,
    /// Element ids, each with the element's inner markup.
    pub fragments: Vec<(&'static str, Arc<str>)>,
}

/// Renders the state as of `now`.
pub fn frame(state: &State, now: Timestamp) -> Frame {
    let view = View::new(state, now);
    let parts: [(&'static str, Markup); 11] = [
        ("summary", summary::summary(&view)),
        ("notices", notices::notices(&view)),
        ("firing", firing::firing(&view)),
        ("services-note", html! { "figures of the last 10 s, charts of the last " (view.axis.name()) }),
        ("services", services::services(&view)),
        ("timeline-note", html! { "injected, detected and notified in the last " (view.axis.name()) ", UTC" }),
        ("timeline", timeline::timeline(&view)),
        ("pipeline", pipeline::pipeline(&view)),
        ("logs", logs::logs(&view)),
        ("processes", processes::processes(&view)),
        ("announcement", firing::announcement(&view)),
    ];
    Frame {
        title: summary::title(&view),
        icon: summary::icon(&view),
        at: format::clock(now),
        fragments: parts.map(|(id, markup)| (id, markup.into_string().into())).into(),
    }
}
