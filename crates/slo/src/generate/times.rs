//! The durations that the generated rules are made of.

use crate::Span;

/// Between two evaluations of base records, short windows and alerts.
pub(crate) const EVERY: Span = Span::from_secs(30);
/// What base records take rates over.
pub(crate) const RATE: Span = Span::from_mins(5);
/// Between two evaluations of the long windows, and what a tile of them stands for. It is below Prometheus' lookback of
/// five minutes, so that the records of the long windows are there at every instant.
pub(crate) const TILE: Span = Span::from_mins(2);
/// What a budget's window is cut into: a multiple of [`TILE`], so that steps and records keep the same distance.
pub(crate) const STEP: Span = Span::from_mins(10);
/// How long an alert goes on after its condition has ended, so that a service that fails on and off is told of once.
pub(crate) const KEEP_FIRING: Span = Span::from_mins(10);
/// How long an indicator's metric must be absent. Rates are there for as long as [`RATE`] after the last sample.
pub(crate) const ABSENT: Span = Span::from_mins(10);
