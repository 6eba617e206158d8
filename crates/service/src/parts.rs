//! The parts that every service has, and the routes that the framework serves for it.
use crate::{Failure, Health, exemplars::Exemplars, exposition::metrics_response, registry::registry};
use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use prometheus::Registry;
use std::mem::take;
use tidewatch_contract::http::admin::{LIVE, METRICS, READY, Readiness, Unmet};

/// The parts that every service has, created before the service itself.
#[derive(Debug)]
pub struct Parts {
    /// Holds the service's metrics; the metrics common to all services are already registered.
    pub registry: Registry,
    /// Holds the service's readiness conditions.
    pub health: Health,
    /// Ends the service with an error.
    pub failure: Failure,
    pub(crate) exemplars: Exemplars,
    admin: Router,
    metrics: MethodRouter,
    page: Router,
}

impl Parts {
    pub(crate) fn new(service: &str) -> Self {
        let (registry, health) = (registry(service), Health::new());
        let exemplars = Exemplars::default();
        let (scraped, shown, asked) = (registry.clone(), exemplars.clone(), health.clone());
        let metrics = get(async move |request: HeaderMap| metrics_response(&scraped, &shown, &request));
        let admin =
            Router::new().route(LIVE, get(async || "live\n")).route(READY, get(async move || readiness(&asked)));
        Self { registry, health, failure: Failure::default(), exemplars, admin, metrics, page: Router::new() }
    }

    /// Serves `routes` on the admin listener, beside /metrics, /livez and /readyz.
    pub fn serve_on_admin(&mut self, routes: Router) {
        self.admin = take(&mut self.admin).merge(routes);
    }

    /// Answers `/metrics` with `route` instead of the registry.
    pub fn answer_metrics(&mut self, route: MethodRouter) {
        self.metrics = route;
    }

    /// Serves `routes` on the listener of the page or API.
    pub fn serve_on_page(&mut self, routes: Router) {
        self.page = take(&mut self.page).merge(routes);
    }

    /// Returns the routes of the admin listener and of the page.
    pub(crate) fn routes(self) -> (Router, Router) {
        (self.admin.route(METRICS, self.metrics), self.page)
    }
}

fn readiness(health: &Health) -> Response {
    let reasons: Vec<Unmet> =
        health.unmet().into_iter().map(|(condition, reason)| Unmet { condition, reason }).collect();
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, reasons })).into_response()
}
