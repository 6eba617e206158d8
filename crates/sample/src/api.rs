//! The HTTP API for faults: inject, heal, and list current and past ones.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use tidewatch_contract::http::simulator::{
    FAULTS, Fault, FaultKind, FaultRequest, Faults, Healed, Refusal as Sentence, SERVICES, Service, Services,
};
use tidewatch_service::same_origin_only;
use tidewatch_workload::{FaultBook, Injection};

/// The largest body that is accepted, in bytes.
const BODY_LIMIT: usize = 4096;
/// One week in seconds: the longest duration of a fault, and the largest clock skew.
const WEEK: f64 = 604_800.0;

type Listing = Arc<dyn Fn() -> Vec<Service> + Send + Sync>;

#[derive(Clone)]
struct Playground {
    faults: Arc<Mutex<FaultBook>>,
    services: Listing,
}

/// Returns the routes that inject and heal faults in the services that `services` returns. Browsers may use them only
/// from a page of the same origin.
pub fn router(faults: Arc<Mutex<FaultBook>>, services: impl Fn() -> Vec<Service> + Send + Sync + 'static) -> Router {
    let routes = Router::new()
        .route(FAULTS, get(list).delete(heal_all))
        .route("/faults/{service}", put(inject).delete(heal))
        .route(SERVICES, get(list_services))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Playground { faults, services: Arc::new(services) });
    same_origin_only(routes)
}

#[derive(Deserialize)]
struct Scope {
    region: Option<String>,
}

/// Returns the kind and size of the requested fault.
fn fault(request: &FaultRequest) -> Result<(FaultKind, f64), String> {
    let (kind, value) =
        request.fault().ok_or("expected exactly one of latency, error_rate, silence, skew_seconds and malformed")?;
    let (name, least, most) = match kind {
        FaultKind::Latency => ("latency", 0.001, 10_000.0),
        FaultKind::Skew => ("skew_seconds", -WEEK, WEEK),
        FaultKind::Silence if value != 1.0 => {
            return Err("silence can only be true; DELETE the fault to heal it".into());
        }
        _ => (kind.as_str(), 0.0, 1.0),
    };
    if (least..=most).contains(&value) {
        Ok((kind, value))
    } else {
        Err(format!("{name} is {value}, expected {least} to {most}"))
    }
}

/// Returns how long the requested fault lasts; `None` means until it is healed.
fn lasting(request: &FaultRequest) -> Result<Option<SignedDuration>, String> {
    match request.for_seconds {
        None => Ok(None),
        Some(seconds) if seconds > 0.0 && seconds <= WEEK => Ok(Some(SignedDuration::from_secs_f64(seconds))),
        Some(seconds) => Err(format!("for_seconds is {seconds}, expected more than 0 and at most {WEEK}")),
    }
}

async fn inject(
    State(playground): State<Playground>,
    Path(service): Path<String>,
    Query(Scope { region }): Query<Scope>,
    body: Bytes,
) -> Result<Json<Fault>, Refusal> {
    let known = playground.know(&service, region.as_deref())?;
    let request: FaultRequest =
        serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("the body is invalid: {error}")))?;
    let (kind, value) = fault(&request).map_err(Refusal::bad)?;
    if !known.kinds.contains(&kind) {
        return Err(Refusal::bad(format!("{service} can't be broken by {}", kind.as_str())));
    }
    let lasting = lasting(&request).map_err(Refusal::bad)?;
    let injection = Injection { service, region, kind, value };
    let mut faults = playground.faults();
    let fault = faults.inject(injection, Timestamp::now(), lasting);
    drop(faults);
    let heals_at = fault.heals_at.map(tracing::field::display);
    tracing::info!(value, heals_at, "fault injected: {}", described(&fault));
    Ok(Json(fault))
}

async fn heal(
    State(playground): State<Playground>,
    Path(service): Path<String>,
    Query(Scope { region }): Query<Scope>,
) -> Result<Json<Value>, Refusal> {
    playground.know(&service, region.as_deref())?;
    let mut faults = playground.faults();
    let healed = faults.heal(&service, region.as_deref(), Timestamp::now());
    drop(faults);
    Ok(answer(healed))
}

async fn heal_all(State(playground): State<Playground>) -> Json<Value> {
    let mut faults = playground.faults();
    let healed = faults.heal_all(Timestamp::now());
    drop(faults);
    answer(healed)
}

async fn list(State(playground): State<Playground>) -> Json<Value> {
    let mut faults = playground.faults();
    faults.settle(Timestamp::now());
    Json(json!(Faults { active: faults.active().to_vec(), history: faults.history().cloned().collect() }))
}

async fn list_services(State(playground): State<Playground>) -> Json<Services> {
    Json(Services { services: (playground.services)() })
}

fn answer(healed: Vec<Fault>) -> Json<Value> {
    for fault in &healed {
        tracing::info!(injected_at = %fault.injected_at, "fault healed: {}", described(fault));
    }
    Json(json!(Healed { healed }))
}

/// Describes the fault for the log.
fn described(fault: &Fault) -> String {
    format!("{} of {} in {}", fault.kind.as_str(), fault.service, fault.region.as_deref().unwrap_or("all regions"))
}

impl Playground {
    fn faults(&self) -> MutexGuard<'_, FaultBook> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn know(&self, name: &str, region: Option<&str>) -> Result<Service, Refusal> {
        let services = (self.services)();
        let Some(service) = services.iter().find(|service| service.service == name) else {
            let names: Vec<_> = services.iter().map(|service| service.service.as_str()).collect();
            return Err(Refusal::unknown("service", name, &names));
        };
        match region {
            Some(region) if !service.regions.iter().any(|own| own == region) => {
                let regions: Vec<_> = service.regions.iter().map(String::as_str).collect();
                Err(Refusal::unknown("region", region, &regions))
            }
            _ => Ok(service.clone()),
        }
    }
}

/// The reason why a request was refused, as `{"error": SENTENCE}`.
struct Refusal {
    status: StatusCode,
    error: String,
}

impl Refusal {
    fn bad(error: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error }
    }

    fn unknown(what: &str, name: &str, known: &[&str]) -> Self {
        let error = format!("no {what} is named {name:?}; the known ones are {}", known.join(", "));
        Self { status: StatusCode::NOT_FOUND, error }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(Sentence { error: self.error })).into_response()
    }
}
