//! The effect of faults on real requests.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use jiff::Timestamp;
use tidewatch_service::problem;
use tidewatch_workload::{Effect, FaultBook};
use tokio::time::sleep;

/// The duration that a latency fault multiplies if a request took less: ten times a millisecond would be as good as
/// healthy. It is about what the simulated services take.
const USUAL: Duration = Duration::from_millis(60);

/// Applies the faults of one service in one region.
#[derive(Clone)]
pub(crate) struct Injector {
    pub(crate) service: &'static str,
    pub(crate) region: String,
    pub(crate) faults: Arc<Mutex<FaultBook>>,
}

impl Injector {
    /// Applies the faults to all requests of `router`.
    pub(crate) fn break_requests(self, router: Router) -> Router {
        router.layer(from_fn_with_state(self, affected))
    }

    fn effect(&self) -> Effect {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.effect(self.service, &self.region, Timestamp::now())
    }
}

async fn affected(State(injector): State<Injector>, request: Request, next: Next) -> Response {
    let effect = injector.effect();
    if effect.silent {
        // Clients wait in vain, and neither a metric nor an event shows the request.
        return pending().await;
    }
    let began = Instant::now();
    let response = if rand::random::<f64>() < effect.error_rate {
        problem(StatusCode::INTERNAL_SERVER_ERROR, "an injected fault makes this request fail")
    } else {
        next.run(request).await
    };
    let took = began.elapsed();
    if effect.latency_factor > 1.0 {
        sleep(took.max(USUAL).mul_f64(effect.latency_factor).saturating_sub(took)).await;
    }
    response
}
