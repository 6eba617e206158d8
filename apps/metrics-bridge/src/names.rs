//! The metrics that the bridge exposes.

use tidewatch_kafka::metrics::{CONSUMER_LAG, REACHABLE};
use tidewatch_service::metrics::Family;

/// Upper bounds of the latency buckets, in seconds. A latency objective has to be one of them, since the buckets give
/// the share of requests only for their bounds.
pub const LATENCY_BOUNDS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0];

/// The label value of events that have no series of their own for lack of room.
pub const OVERFLOW: &str = "overflow";
/// Value of the label `endpoint` for requests that ended in 404 and whose path has had no other status so far.
pub const NOT_FOUND: &str = "not_found";

pub(crate) const REQUESTS: Family = Family::counter(
    "workload_requests_total",
    &["service", "region", "endpoint", "status_code"],
    "Requests of the monitored services.",
);
pub(crate) const ERRORS: Family = Family::counter(
    "workload_errors_total",
    &["service", "region", "endpoint"],
    "Requests of the monitored services that failed.",
);
pub(crate) const DURATION: Family = Family::histogram(
    "workload_request_duration_seconds",
    &["service", "region", "endpoint"],
    &LATENCY_BOUNDS,
    "Latency of the monitored services' requests, where it is known.",
);
pub(crate) const COUNTED: Family =
    Family::counter("metrics_bridge_records_counted_total", &[], "Records of metrics.raw that were counted.");
pub(crate) const INVALID: Family = Family::counter(
    "metrics_bridge_records_invalid_total",
    &["reason"],
    "Records of metrics.raw that were skipped because they are unreadable or implausible.",
);
pub(crate) const MISSED: Family = Family::counter(
    "metrics_bridge_records_missed_total",
    &[],
    "Records of metrics.raw that were deleted before the bridge had read them.",
);
pub(crate) const HOLES: Family = Family::counter(
    "metrics_bridge_hole_offsets_total",
    &[],
    "Offsets of metrics.raw without a record to read: ends of transactions, aborted ones, compaction.",
);
pub(crate) const RECREATED: Family = Family::counter(
    "metrics_bridge_partitions_recreated_total",
    &[],
    "Times that a partition of metrics.raw ended before the stored position and was read from its beginning.",
);
pub(crate) const OVERFLOWED: Family = Family::counter(
    "metrics_bridge_overflow_events_total",
    &[],
    "Events counted with the label value overflow, because their own series would exceed their service's share of \
     --max-series.",
);
pub(crate) const SERIES: Family = Family::gauge("metrics_bridge_series", &[], "Series of the monitored services.");
pub(crate) const SERIES_LIMIT: Family =
    Family::gauge("metrics_bridge_series_limit", &[], "Limit on the series of the monitored services: --max-series.");
pub(crate) const CHECKPOINTS: Family = Family::counter(
    "metrics_bridge_checkpoints_total",
    &["outcome"],
    "Attempts to write the state of a partition to metrics.bridge.state.",
);

/// All metrics of the bridge, besides those that every service has.
pub(crate) const METRICS: &[Family] = &[
    REQUESTS,
    ERRORS,
    DURATION,
    COUNTED,
    INVALID,
    MISSED,
    HOLES,
    RECREATED,
    OVERFLOWED,
    SERIES,
    SERIES_LIMIT,
    CHECKPOINTS,
    CONSUMER_LAG,
    REACHABLE,
];
