//! Names of the records.

use crate::Span;

/// Events a second; of time slices 1, a second of slices a second.
pub(crate) const EVENTS: &str = "slo:events:rate5m";
/// Bad events a second; of time slices 1 while the slice that ends now is bad, else 0.
pub(crate) const BAD: &str = "slo:bad_events:rate5m";
/// Share of events that may be bad.
pub(crate) const BUDGET: &str = "slo:error_budget:ratio";
/// Bad events without which no alert fires.
pub(crate) const MIN_BAD: &str = "slo:min_bad:events";
/// Of a budget of time slices: events a second in the slice that ends now.
pub(crate) const SLICE_EVENTS: &str = "slo:slice_events:rate";
/// Of a budget of time slices: bad events a second in the slice that ends now.
pub(crate) const SLICE_BAD: &str = "slo:slice_bad_events:rate";
/// Of a budget of time slices over a threshold: 1 while the value is not within the bound.
pub(crate) const POINT: &str = "slo:value_bad:bool";
/// Seconds since the evaluation before.
pub(crate) const STEP: &str = "slo:step:seconds";
/// Seconds since the tile before.
pub(crate) const TILE_STEP: &str = "slo:tile:seconds";
/// Events a second, as the mean of a tile.
pub(crate) const EVENTS_TILE: &str = "slo:events:avg2m";
/// Events a second, as the mean of a step of a budget.
pub(crate) const EVENTS_MEAN: &str = "slo:events:avg10m";
/// Bad events a second, as the mean of a step of a budget.
pub(crate) const BAD_MEAN: &str = "slo:bad_events:avg10m";
/// Share of the budget that is left: 1 is all of it, below 0 the objective is missed.
pub(crate) const REMAINING: &str = "slo:error_budget_remaining:ratio";

/// Bad events of a window: in a step, a tile, or the windows of alerts and budgets.
pub(crate) fn bad_in(window: Span) -> String {
    format!("slo:bad_events:increase{window}")
}

/// Bad events of a window where the budget is of time slices.
pub(crate) fn slice_bad_in(window: Span) -> String {
    format!("slo:slice_bad_events:increase{window}")
}

/// Events that all of a window has at the mean rate that was seen.
pub(crate) fn projected_in(window: Span) -> String {
    format!("slo:events:projected{window}")
}

/// Share of bad events in a window.
pub(crate) fn ratio_in(window: Span) -> String {
    format!("slo:error_ratio:rate{window}")
}
