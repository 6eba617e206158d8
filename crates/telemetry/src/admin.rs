//! The admin listener: /metrics, /livez and /readyz, beside what a service adds.
use crate::{Health, Shutdown, listen, metrics_response};
use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use prometheus::Registry;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Where the admin listener binds.
#[derive(clap::Args, Clone, Debug)]
pub struct AdminArgs {
    /// Address of /metrics, /livez and /readyz
    #[arg(long, env, default_value = "127.0.0.1:9464")]
    pub admin_listen: SocketAddr,
}

/// A bound admin listener; it answers once `serve` runs.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
    addr: SocketAddr,
    routes: Router,
    metrics: MethodRouter,
}

impl Admin {
    /// Binds the address of `args`; the error names the flag.
    pub async fn bind(args: &AdminArgs, registry: Registry, health: Health) -> anyhow::Result<Admin> {
        let listener = listen("--admin-listen", args.admin_listen).await?;
        let addr = listener.local_addr()?;
        let metrics = get(move |request: HeaderMap| async move { metrics_response(&registry, &request) });
        let routes = Router::new()
            .route("/livez", get(async || "live\n"))
            .route("/readyz", get(move || async move { readiness(&health) }));
        Ok(Admin { listener, addr, routes, metrics })
    }

    /// The address it is bound to, with the port that port 0 became.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves `routes` as well.
    pub fn merge(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Answers `/metrics` by `route` instead of the registry.
    pub fn with_metrics(mut self, route: MethodRouter) -> Self {
        self.metrics = route;
        self
    }

    /// Answers requests until `shutdown` triggers and those under way are answered.
    pub async fn serve(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let routes = self.routes.route("/metrics", self.metrics);
        axum::serve(self.listener, routes).with_graceful_shutdown(async move { shutdown.triggered().await }).await?;
        Ok(())
    }
}

fn readiness(health: &Health) -> Response {
    let unmet = health.unmet();
    let status = if unmet.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let reasons: Vec<_> =
        unmet.iter().map(|(name, why)| serde_json::json!({ "condition": name, "reason": why })).collect();
    (status, Json(serde_json::json!({ "ready": unmet.is_empty(), "reasons": reasons }))).into_response()
}
