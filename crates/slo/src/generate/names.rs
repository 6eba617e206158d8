//! The names of the records.

use crate::Span;

/// Events per second. With time slices 1: one second of slices per second.
pub(crate) const EVENTS: &str = "slo:events:rate5m";
/// Bad events per second. With time slices: 1 while the slice that ends now is bad, else 0.
pub(crate) const BAD: &str = "slo:bad_events:rate5m";
/// The share of events that may be bad.
pub(crate) const BUDGET: &str = "slo:error_budget:ratio";
/// Minimum number of bad events for an alert to fire.
pub(crate) const MIN_BAD: &str = "slo:min_bad:events";
/// With time slices: events per second in the slice that ends now.
pub(crate) const SLICE_EVENTS: &str = "slo:slice_events:rate";
/// With time slices: bad events per second in the slice that ends now.
pub(crate) const SLICE_BAD: &str = "slo:slice_bad_events:rate";
/// With time slices over a threshold: 1 while the value is not within the bound.
pub(crate) const POINT: &str = "slo:value_bad:bool";
/// Seconds since the previous evaluation.
pub(crate) const STEP: &str = "slo:step:seconds";
/// Seconds since the previous tile.
pub(crate) const TILE_STEP: &str = "slo:tile:seconds";
/// Events per second, the mean of a tile.
pub(crate) const EVENTS_TILE: &str = "slo:events:avg2m";
/// Events per second, the mean of a budget's step.
pub(crate) const EVENTS_MEAN: &str = "slo:events:avg10m";
/// Bad events per second, the mean of a budget's step.
pub(crate) const BAD_MEAN: &str = "slo:bad_events:avg10m";
/// The remaining share of the budget: 1 is all of it; below 0, the objective is missed.
pub(crate) const REMAINING: &str = "slo:error_budget_remaining:ratio";

/// Returns the name for bad events in a window: a step, a tile, or the window of an alert or budget.
pub(crate) fn bad_in(window: Span) -> String {
    format!("slo:bad_events:increase{window}")
}

/// Returns the name for bad events in a window if the budget counts time slices.
pub(crate) fn slice_bad_in(window: Span) -> String {
    format!("slo:slice_bad_events:increase{window}")
}

/// Returns the name for the events that the whole window would have at the mean observed rate.
pub(crate) fn projected_in(window: Span) -> String {
    format!("slo:events:projected{window}")
}

/// Returns the name for the ratio of bad events in a window.
pub(crate) fn ratio_in(window: Span) -> String {
    format!("slo:error_ratio:rate{window}")
}
