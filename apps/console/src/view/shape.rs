//! Conditions as shapes in addition to colours: readable at a glance, and without telling red from green.

use maud::{Markup, html};
use tidewatch_contract::http::processor::RuleStatus;

/// The condition of a service, a rule or the whole system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Ok,
    Pending,
    Firing,
    Unknown,
}

impl Condition {
    pub(crate) fn of(verdict: RuleStatus) -> Self {
        match verdict {
            RuleStatus::Ok => Self::Ok,
            RuleStatus::Pending => Self::Pending,
            RuleStatus::Firing => Self::Firing,
            RuleStatus::Unknown => Self::Unknown,
        }
    }

    /// Returns the word for the condition, which is also its CSS class.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Unknown => "unknown",
        }
    }
}

/// Draws a disc with a tick, a half-filled disc, a filled triangle with a bar, or an empty ring.
pub(crate) fn shape(condition: Condition) -> Markup {
    html! {
        svg class={ "shape " (condition.word()) } viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
            @match condition {
                Condition::Ok => {
                    circle cx="8" cy="8" r="7" {}
                    path class="inner" d="M4.6 8.3 7 10.7 11.4 5.8" {}
                }
                Condition::Pending => {
                    circle class="ring" cx="8" cy="8" r="6.2" {}
                    path d="M8 1.8a6.2 6.2 0 0 1 0 12.4z" {}
                }
                Condition::Firing => {
                    path class="solid" d="M8 1.6 15 14.2H1z" {}
                    path class="inner" d="M8 6v4.2M8 12.3v.1" {}
                }
                Condition::Unknown => circle class="ring" cx="8" cy="8" r="6.2" stroke-dasharray="2.6 2.2" {}
            }
        }
    }
}
