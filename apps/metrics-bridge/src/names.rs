//! Every metric of the bridge: name, kind, help, labels and bucket bounds, in one place.

/// Upper bounds of the latency buckets, in seconds. A latency objective has to be one of them: only then does the
/// share of requests within it follow from the buckets.
pub const LATENCY_BOUNDS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0];

/// Value of the labels of events for which there is no series of their own any more.
pub const OVERFLOW: &str = "overflow";

/// What a metric is, as both text formats spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric's declaration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family {
    /// Name of its samples; of a histogram, without the suffixes of its samples.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
    /// In the order in which they are written.
    pub(crate) labels: &'static [&'static str],
}

pub(crate) const REQUESTS: Family = Family {
    name: "workload_requests_total",
    kind: Kind::Counter,
    help: "Requests of the monitored services.",
    labels: &["service", "region", "endpoint", "status_code"],
};
pub(crate) const ERRORS: Family = Family {
    name: "workload_errors_total",
    kind: Kind::Counter,
    help: "Requests of the monitored services that failed.",
    labels: &["service", "region", "endpoint"],
};
pub(crate) const DURATION: Family = Family {
    name: "workload_request_duration_seconds",
    kind: Kind::Histogram,
    help: "How long requests of the monitored services took, where that is known.",
    labels: &["service", "region", "endpoint"],
};
pub(crate) const COUNTED: Family = Family {
    name: "metrics_bridge_records_counted_total",
    kind: Kind::Counter,
    help: "Records of metrics.raw that were counted.",
    labels: &[],
};
pub(crate) const INVALID: Family = Family {
    name: "metrics_bridge_records_invalid_total",
    kind: Kind::Counter,
    help: "Records of metrics.raw that were skipped because they can't be read or can't be true.",
    labels: &["reason"],
};
pub(crate) const MISSED: Family = Family {
    name: "metrics_bridge_records_missed_total",
    kind: Kind::Counter,
    help: "Records of metrics.raw that were deleted before the bridge had read them.",
    labels: &[],
};
pub(crate) const RECREATED: Family = Family {
    name: "metrics_bridge_partitions_recreated_total",
    kind: Kind::Counter,
    help: "Times a partition of metrics.raw ended before what was read of it, and was read from its beginning.",
    labels: &[],
};
pub(crate) const OVERFLOWED: Family = Family {
    name: "metrics_bridge_overflow_events_total",
    kind: Kind::Counter,
    help: "Events counted with the label value overflow, since their own series would exceed --max-series.",
    labels: &[],
};
pub(crate) const SERIES: Family = Family {
    name: "metrics_bridge_series",
    kind: Kind::Gauge,
    help: "Series that the monitored services take up.",
    labels: &[],
};
pub(crate) const SERIES_LIMIT: Family = Family {
    name: "metrics_bridge_series_limit",
    kind: Kind::Gauge,
    help: "Series that the monitored services may take up: --max-series.",
    labels: &[],
};
pub(crate) const LAG: Family = Family {
    name: "metrics_bridge_lag_records",
    kind: Kind::Gauge,
    help: "Records of metrics.raw that are written and not yet read.",
    labels: &["partition"],
};
pub(crate) const CHECKPOINTS: Family = Family {
    name: "metrics_bridge_checkpoints_total",
    kind: Kind::Counter,
    help: "Attempts to write the state of a partition to metrics.bridge.state.",
    labels: &["outcome"],
};

/// Why a record is invalid: the codes of `tidewatch_events::Rejection`, which exist as series from the start.
pub(crate) const REASONS: [&str; 5] = ["from_future", "invalid_field", "not_json", "too_large", "too_old"];

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Family; 12] = [
        REQUESTS,
        ERRORS,
        DURATION,
        COUNTED,
        INVALID,
        MISSED,
        RECREATED,
        OVERFLOWED,
        SERIES,
        SERIES_LIMIT,
        LAG,
        CHECKPOINTS,
    ];

    #[test]
    fn the_documentation_says_what_is_declared_here() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics-bridge.md");
        let page = std::fs::read_to_string(path).unwrap();
        for Family { name, kind, help, labels } in ALL {
            let row = format!("| `{name}` | {} | {} | {help} |\n", kind.as_str(), labels.join(", "));
            assert!(page.contains(&row), "docs/metrics-bridge.md lacks this row:\n{row}");
        }
        let bounds = LATENCY_BOUNDS.map(|bound| format!("{bound:?}")).join(", ");
        assert!(page.contains(&bounds), "docs/metrics-bridge.md lacks the bounds {bounds}");
    }
}
