//! The metrics of the api-gateway.

use prometheus::{IntCounter, IntCounterVec, IntGaugeVec, Registry};
use tidewatch_kafka::metrics::REACHABLE;
use tidewatch_sample::metrics::{ACKNOWLEDGED, DROPPED, FAULTS};
use tidewatch_service::metrics::Family;
use tidewatch_service::{ACTIVE_REQUESTS, REQUEST_DURATION};

const REQUESTS: Family =
    Family::counter("api_user_requests_total", &[], "Requests for a user, whatever the answer was.");
const REJECTED: Family = Family::counter(
    "api_gateway_rejected_total",
    &["reason"],
    "Requests that were rejected without asking the user-service: rate_limit, concurrency or breaker.",
);
const FAILURES: Family = Family::counter(
    "api_gateway_upstream_failures_total",
    &["reason"],
    "Requests that the user-service failed: timeout, unreachable, or status for a 5xx.",
);
const BREAKER: Family = Family::gauge(
    "api_gateway_breaker_state",
    &["state"],
    "1 for the state of the circuit breaker: closed, open or half_open.",
);

/// Every metric of the api-gateway, in addition to those that all services have.
pub(crate) const METRICS: &[Family] = &[
    REQUESTS,
    REJECTED,
    FAILURES,
    BREAKER,
    REQUEST_DURATION,
    ACTIVE_REQUESTS,
    ACKNOWLEDGED,
    DROPPED,
    FAULTS,
    REACHABLE,
];

/// Why a request was rejected.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rejection {
    RateLimit,
    Concurrency,
    Breaker,
}

impl Rejection {
    const ALL: [Self; 3] = [Self::RateLimit, Self::Concurrency, Self::Breaker];

    fn as_str(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::Concurrency => "concurrency",
            Self::Breaker => "breaker",
        }
    }
}

/// How the user-service failed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Failure {
    Timeout,
    Unreachable,
    Status,
}

impl Failure {
    const ALL: [Self; 3] = [Self::Timeout, Self::Unreachable, Self::Status];

    fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Status => "status",
        }
    }
}

/// The registered metrics.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    pub(crate) requests: IntCounter,
    rejected: IntCounterVec,
    failures: IntCounterVec,
    breaker: IntGaugeVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            requests: REQUESTS.register(registry)?,
            rejected: REJECTED.register(registry)?,
            failures: FAILURES.register(registry)?,
            breaker: BREAKER.register(registry)?,
        };
        for reason in Rejection::ALL {
            metrics.rejected.with_label_values(&[reason.as_str()]);
        }
        for reason in Failure::ALL {
            metrics.failures.with_label_values(&[reason.as_str()]);
        }
        Ok(metrics)
    }

    pub(crate) fn reject(&self, reason: Rejection) {
        self.rejected.with_label_values(&[reason.as_str()]).inc();
    }

    pub(crate) fn fail(&self, reason: Failure) {
        self.failures.with_label_values(&[reason.as_str()]).inc();
    }

    pub(crate) fn show_breaker(&self, state: &str) {
        for each in ["closed", "open", "half_open"] {
            self.breaker.with_label_values(&[each]).set(i64::from(each == state));
        }
    }
}
