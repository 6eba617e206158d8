//! The durations used in the generated rules.

use crate::Span;

/// The time between two evaluations of base records, short windows and alerts.
pub(crate) const EVERY: Span = Span::from_secs(30);
/// The range of base records' rates.
pub(crate) const RATE: Span = Span::from_mins(5);
/// The time between two evaluations of the long windows, and the length of a tile. It is below Prometheus' lookback of
/// five minutes, so that the records of the long windows exist at every instant.
pub(crate) const TILE: Span = Span::from_mins(2);
/// The step of a budget's window: a multiple of [`TILE`], so that steps and records keep the same distance.
pub(crate) const STEP: Span = Span::from_mins(10);
/// How long an alert keeps firing after its condition ended, so that an intermittent fault sends only one notification.
pub(crate) const KEEP_FIRING: Span = Span::from_mins(10);
/// How long an indicator's metric must be absent. Rates exist for [`RATE`] after the last sample.
pub(crate) const ABSENT: Span = Span::from_mins(10);
