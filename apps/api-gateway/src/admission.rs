//! Limits the rate of requests and their number at the same time, and answers those beyond at once.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tidewatch_service::problem;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::metrics::{Metrics, Rejection};
use crate::rate::Rate;

/// Decides which requests are worked on.
#[derive(Clone)]
pub(crate) struct Admission {
    rate: Arc<Rate>,
    places: Arc<Semaphore>,
    metrics: Metrics,
}

impl Admission {
    pub(crate) fn new(per_second: NonZeroU32, at_once: u32, metrics: Metrics) -> Self {
        let rate = Arc::new(Rate::per_second(per_second, Instant::now()));
        Self { rate, places: Arc::new(Semaphore::new(at_once as usize)), metrics }
    }

    /// Limits all requests of `router` together.
    pub(crate) fn protect(self, router: Router) -> Router {
        router.layer(from_fn_with_state(self, admitted))
    }
}

async fn admitted(State(admission): State<Admission>, request: Request, next: Next) -> Response {
    if let Err(wait) = admission.rate.take(Instant::now()) {
        admission.metrics.reject(Rejection::RateLimit);
        return later(StatusCode::TOO_MANY_REQUESTS, wait, "there are more requests than the rate limit allows");
    }
    let Ok(_place) = admission.places.try_acquire() else {
        admission.metrics.reject(Rejection::Concurrency);
        return later(StatusCode::SERVICE_UNAVAILABLE, Duration::ZERO, "there are too many requests at the same time");
    };
    next.run(request).await
}

/// Returns an answer that asks the client to try again after `wait`, in whole seconds and at least one.
pub(crate) fn later(status: StatusCode, wait: Duration, detail: &str) -> Response {
    let mut response = problem(status, detail);
    let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
