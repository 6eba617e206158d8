//! A user-service whose answers a test chooses.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_gateway::ApiGateway;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tidewatch_testkit::{RunningService, configuration};

/// What it received.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<HeaderMap>>>);

impl Seen {
    pub(crate) fn requests(&self) -> Vec<HeaderMap> {
        self.0.lock().unwrap().clone()
    }
}

/// Answers with a user, except for the numbers 999 (404), 500 (500) and 0 (never).
async fn user(State(seen): State<Seen>, Path(id): Path<u64>, headers: HeaderMap) -> Response {
    seen.0.lock().unwrap().push(headers);
    match id {
        0 => std::future::pending().await,
        500 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        999 => (StatusCode::NOT_FOUND, r#"{"title": "Not Found", "status": 404, "detail": "no 999"}"#).into_response(),
        id => format!(r#"{{"id": {id}, "name": "user_{id}"}}"#).into_response(),
    }
}

/// Starts it.
pub(crate) async fn upstream() -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/internal/user/{id}", get(user)).with_state(seen.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (address, seen)
}

/// Starts a gateway in front of this address, without a broker unless `flags` name one.
pub(crate) async fn gateway(upstream: SocketAddr, flags: &[&str]) -> RunningService {
    let url = format!("http://{upstream}");
    let broker = if flags.contains(&"--brokers") { &[][..] } else { &["--brokers", "127.0.0.1:1"] };
    let flags = [&["--user-service", &url], broker, flags].concat();
    RunningService::start::<ApiGateway>(configuration::<ApiGateway>(&flags)).await
}

/// Long enough for what the gateway does by itself on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);
