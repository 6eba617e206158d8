//! Declarations of metrics: each metric of a service is declared once, as a constant, from which it is registered,
//! documented and checked.
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

/// The type of a metric, as the text formats spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only rises, and starts again from 0 with its process.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts observations by size, with samples `_bucket`, `_sum` and `_count`.
    Histogram,
}

impl Kind {
    /// Returns the name of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric's declaration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Family {
    /// Name of its samples; for a histogram, without the suffixes of its samples.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// One sentence with its unit, if the name doesn't include it.
    pub help: &'static str,
    /// Names of its labels, in the order in which values are given; excludes `le` of a histogram's buckets.
    pub labels: &'static [&'static str],
    /// Upper bounds of a histogram's buckets without `+Inf`; empty for the other kinds.
    pub buckets: &'static [f64],
}

impl Family {
    /// Declares a counter.
    pub const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Counter, help, labels, buckets: &[] }
    }

    /// Declares a gauge.
    pub const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Gauge, help, labels, buckets: &[] }
    }

    /// Declares a histogram.
    pub const fn histogram(
        name: &'static str,
        labels: &'static [&'static str],
        buckets: &'static [f64],
        help: &'static str,
    ) -> Self {
        Self { name, kind: Kind::Histogram, help, labels, buckets }
    }

    /// Creates the metric and registers it. Returns an error if `M` is of another kind, if only one of them has labels,
    /// or if the registry already has a metric of this name.
    pub fn register<M: Metric>(&self, registry: &Registry) -> prometheus::Result<M> {
        if self.kind != M::KIND || M::HAS_LABELS == self.labels.is_empty() {
            let (name, kind) = (self.name, self.kind.as_str());
            return Err(prometheus::Error::Msg(format!(
                "{name} is declared as a {kind} with labels {:?}",
                self.labels
            )));
        }
        let metric = M::make(self)?;
        registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    /// Returns the names of its samples.
    pub fn samples(&self) -> Vec<String> {
        match self.kind {
            Kind::Histogram => ["_bucket", "_sum", "_count"].map(|suffix| format!("{}{suffix}", self.name)).to_vec(),
            Kind::Counter | Kind::Gauge => vec![self.name.to_owned()],
        }
    }

    fn opts(&self) -> Opts {
        Opts::new(self.name, self.help)
    }
}

/// A metric of the `prometheus` crate that a [`Family`] can become.
pub trait Metric: prometheus::core::Collector + Clone + Sized + 'static {
    /// Its type.
    const KIND: Kind;
    /// Whether it has labels: one series per set of label values instead of a single one.
    const HAS_LABELS: bool;
    /// Creates the metric without registering it.
    fn make(family: &Family) -> prometheus::Result<Self>;
}

macro_rules! metric {
    ($type:ty, $kind:expr, $labels:literal, $make:expr) => {
        impl Metric for $type {
            const KIND: Kind = $kind;
            const HAS_LABELS: bool = $labels;
            fn make(family: &Family) -> prometheus::Result<Self> {
                let make: fn(&Family) -> prometheus::Result<Self> = $make;
                make(family)
            }
        }
    };
}

metric!(IntCounter, Kind::Counter, false, |family| Self::with_opts(family.opts()));
metric!(IntCounterVec, Kind::Counter, true, |family| Self::new(family.opts(), family.labels));
metric!(IntGauge, Kind::Gauge, false, |family| Self::with_opts(family.opts()));
metric!(IntGaugeVec, Kind::Gauge, true, |family| Self::new(family.opts(), family.labels));
metric!(Histogram, Kind::Histogram, false, |family| {
    Self::with_opts(HistogramOpts { common_opts: family.opts(), buckets: family.buckets.to_vec() })
});
metric!(HistogramVec, Kind::Histogram, true, |family| {
    Self::new(HistogramOpts { common_opts: family.opts(), buckets: family.buckets.to_vec() }, family.labels)
});

/// The service and version that a process runs.
pub const BUILD_INFO: Family = Family::gauge(
    "tidewatch_build_info",
    &["service", "version"],
    "Always 1; the labels name the service and its version.",
);
/// The process behind a target.
pub const PROCESS_INFO: Family = Family::gauge(
    "tidewatch_process_info",
    &["host", "pid"],
    "Always 1; the labels identify the process, which may run several services.",
);
/// Number of processors that the process may use.
pub const CPU_LIMIT: Family = Family::gauge(
    "process_cpu_limit_cores",
    &[],
    "Processors that the process may use, in whole cores: of its cgroup, its affinity, or the machine.",
);
/// Amount of memory that the process may use.
pub const MEMORY_LIMIT: Family = Family::gauge(
    "process_memory_limit_bytes",
    &[],
    "Memory that the process may use, in bytes: of its cgroup, or the machine.",
);

/// The metrics that every service exposes besides its own.
pub const COMMON: &[Family] = &[
    BUILD_INFO,
    PROCESS_INFO,
    CPU_LIMIT,
    MEMORY_LIMIT,
    // As in the `prometheus` crate's process collector; only on Linux.
    Family::counter("process_cpu_seconds_total", &[], "Total user and system CPU time spent in seconds."),
    Family::gauge("process_open_fds", &[], "Number of open file descriptors."),
    Family::gauge("process_max_fds", &[], "Maximum number of open file descriptors."),
    Family::gauge("process_virtual_memory_bytes", &[], "Virtual memory size in bytes."),
    Family::gauge("process_resident_memory_bytes", &[], "Resident memory size in bytes."),
    Family::gauge("process_start_time_seconds", &[], "Start time of the process since unix epoch in seconds."),
    Family::gauge("process_threads", &[], "Number of OS threads in the process."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_of_another_kind_than_declared_is_refused() {
        let registry = Registry::new();
        let requests = Family::counter("requests_total", &["path"], "Requests.");
        assert!(requests.register::<IntGaugeVec>(&registry).is_err());
        assert!(requests.register::<IntCounter>(&registry).is_err());
        let counters: IntCounterVec = requests.register(&registry).unwrap();
        counters.with_label_values(&["/"]).inc();
        assert!(requests.register::<IntCounterVec>(&registry).is_err(), "its name is taken");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_every_registry_has_is_declared() {
        let mut declared: Vec<_> = COMMON.iter().map(|family| (family.name, family.help)).collect();
        declared.sort_unstable();
        let families = crate::registry::registry("a-service").gather();
        let exposed: Vec<_> = families.iter().map(|family| (family.name(), family.help())).collect();
        assert_eq!(exposed, declared);
    }
}
