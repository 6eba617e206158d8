//! The admin listener: /metrics, /livez and /readyz, plus the routes that a service adds.
use crate::{Health, Host, Listener, Shutdown, metrics_response};
use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use prometheus::Registry;
use std::net::SocketAddr;
use tidewatch_contract::http::admin::{LIVE, METRICS, READY, Readiness, Unmet};

/// The address of the admin listener, and the hosts that the service's listeners accept.
#[derive(clap::Args, Clone, Debug)]
pub struct AdminArgs {
    /// Address of /metrics, /livez and /readyz
    #[arg(long, env, default_value_t = tidewatch_platform::ADMIN_PORT.on_loopback())]
    pub admin_listen: SocketAddr,
    /// Host that requests may name besides localhost and 127.0.0.1, repeatable: that of a proxy in front of this
    /// service; comma-separated in the environment
    #[arg(long, env, value_name = "HOST", value_delimiter = ',')]
    pub allowed_host: Vec<Host>,
}

impl AdminArgs {
    /// Returns the arguments for an admin listener at this address, without further hosts.
    pub fn at(admin_listen: impl Into<SocketAddr>) -> Self {
        Self { admin_listen: admin_listen.into(), allowed_host: Vec::new() }
    }
}

/// A bound admin listener; it answers requests once `serve` runs.
#[derive(Debug)]
pub struct Admin {
    listener: Listener,
    routes: Router,
    metrics: MethodRouter,
}

impl Admin {
    /// Binds the address of `args`; the error names the flag.
    pub async fn bind(args: &AdminArgs, registry: Registry, health: Health) -> anyhow::Result<Admin> {
        let listener = Listener::bind("--admin-listen", args.admin_listen, &args.allowed_host).await?;
        let metrics = get(move |request: HeaderMap| async move { metrics_response(&registry, &request) });
        let routes = Router::new()
            .route(LIVE, get(async || "live\n"))
            .route(READY, get(move || async move { readiness(&health) }));
        Ok(Admin { listener, routes, metrics })
    }

    /// Returns the address it is bound to, with the actual port if port 0 was requested.
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Serves `routes` as well.
    pub fn merge(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Answers `/metrics` with `route` instead of the registry.
    pub fn with_metrics(mut self, route: MethodRouter) -> Self {
        self.metrics = route;
        self
    }

    /// Answers requests until `shutdown` triggers, like [`Listener::serve`].
    pub async fn serve(self, shutdown: Shutdown) -> anyhow::Result<()> {
        self.listener.serve(self.routes.route(METRICS, self.metrics), shutdown).await
    }
}

fn readiness(health: &Health) -> Response {
    let reasons: Vec<Unmet> =
        health.unmet().into_iter().map(|(condition, reason)| Unmet { condition, reason }).collect();
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, reasons })).into_response()
}
