//! A service with its listeners: bound, then running until it has drained.
use crate::{Condition, Failure, ListenArgs, Parts, Service, Shutdown, listener::Listener};
use anyhow::anyhow;
use axum::Router;
use std::net::SocketAddr;

/// A service that is bound to its listeners. They answer requests once it runs.
#[derive(Debug)]
pub struct Bound<S> {
    service: S,
    /// Not ready any more once the service drains.
    running: Condition,
    failure: Failure,
    admin: Site,
    page: Option<Site>,
}

/// A listener and the routes that it serves.
#[derive(Debug)]
struct Site {
    listener: Listener,
    routes: Router,
}

impl<S: Service> Bound<S> {
    /// Checks the configuration, binds the listeners and builds the service. An error is one sentence that names the
    /// flag.
    pub async fn new(config: S::Config, listen: &ListenArgs) -> anyhow::Result<Self> {
        S::check(&config)?;
        let hosts = &listen.allowed_host;
        let admin = Listener::bind("--admin-listen", listen.admin_listen, hosts).await?;
        let page = match listen.listen {
            Some(addr) => Some(Listener::bind("--listen", addr, hosts).await?),
            None => None,
        };
        let mut parts = Parts::new(S::NAME);
        let service = S::build(config, &mut parts)?;
        let running = parts.health.require("running");
        let failure = parts.failure.clone();
        let (admin_routes, page_routes) = parts.routes();
        Ok(Self {
            service,
            running,
            failure,
            admin: Site { listener: admin, routes: admin_routes },
            page: page.map(|listener| Site { listener, routes: page_routes }),
        })
    }

    /// Returns the address of its admin listener, with the actual port if port 0 was requested.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin.listener.addr()
    }

    /// Returns the address of its page or API, with the actual port if port 0 was requested.
    pub fn page_addr(&self) -> Option<SocketAddr> {
        self.page.as_ref().map(|page| page.listener.addr())
    }

    /// Runs the service and serves its listeners. After `shutdown` the page answers no new requests, and the admin
    /// listener answers until the service has drained, with a readiness that says so. A reported [`Failure`] ends it
    /// without draining.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let page = self.page_addr().map(tracing::field::display);
        tracing::info!(admin = %self.admin_addr(), page, "listening");
        let Self { service, running: ready, failure, admin, page } = self;
        ready.met();
        let (running, page_open, admin_open) = (shutdown.child(), shutdown.child(), Shutdown::new());
        let work = async {
            let outcome = tokio::select! {
                outcome = service.run(running.clone()) => outcome,
                why = failure.reported() => Err(anyhow!("{why}")),
            };
            // For its threads, which may still run after a failure.
            running.trigger();
            page_open.trigger();
            admin_open.trigger();
            outcome
        };
        let note = async {
            page_open.triggered().await;
            ready.unmet("draining");
        };
        let serve_page = async {
            if let Some(page) = page {
                page.serve(page_open.clone()).await;
            }
        };
        let (outcome, (), (), ()) = tokio::join!(work, note, serve_page, admin.serve(admin_open.clone()));
        outcome
    }
}

impl Site {
    async fn serve(self, shutdown: Shutdown) {
        self.listener.serve(self.routes, shutdown).await;
    }
}
