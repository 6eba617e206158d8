//! The metrics that Tidewatch's own services declare, for checking latency objectives.

use tidewatch_service::metrics::Kind;
use tidewatch_slo::{Known, Metrics};

use crate::catalogue;

/// The metrics of every service.
pub(super) struct Catalogue;

impl Metrics for Catalogue {
    fn known(&self, family: &str) -> Known<'_> {
        match catalogue::family(family) {
            None => Known::Unknown,
            Some(family) if family.kind == Kind::Histogram => Known::Histogram(family.buckets),
            Some(_) => Known::NoHistogram,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_of_the_bridges_latencies_are_known() {
        let Known::Histogram(bounds) = Catalogue.known("workload_request_duration_seconds") else {
            panic!("it is not a known histogram")
        };
        assert!(bounds.contains(&0.5), "{bounds:?}");
        assert_eq!(Catalogue.known("workload_requests_total"), Known::NoHistogram);
        assert_eq!(Catalogue.known("nobody_declares_this"), Known::Unknown);
    }
}
