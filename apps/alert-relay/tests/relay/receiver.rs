//! A webhook receiver that accepts, refuses, hangs or is unreachable, as a test needs it.
use crate::running::SOON;
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{any, post},
};
use serde_json::Value;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tidewatch_testkit::eventually;
use tokio::net::TcpSocket;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Accepts,
    /// Answers 500.
    Refuses,
    /// Answers 413 to requests with more alerts than this.
    Limits(usize),
    /// Answers 307 with a location that accepts everything.
    Redirects,
    /// Takes the request and never answers.
    Hangs,
}

/// (service, status) of an alert in a webhook's body.
pub(crate) type Notified = (String, String);

pub(crate) struct Receiver {
    pub(crate) addr: SocketAddr,
    pub(crate) webhook: String,
    socket: Option<TcpSocket>,
    shared: Shared,
}

#[derive(Clone)]
struct Shared {
    mood: Arc<Mutex<Mood>>,
    bodies: Arc<Mutex<Vec<Value>>>,
    requests: Arc<Mutex<usize>>,
    redirected: Arc<Mutex<usize>>,
}

impl Receiver {
    /// Creates a receiver that refuses connections until it opens. Its port is reserved from now on.
    pub(crate) fn down() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let addr = socket.local_addr().unwrap();
        let mood = Arc::new(Mutex::new(Mood::Accepts));
        let shared = Shared { mood, bodies: Arc::default(), requests: Arc::default(), redirected: Arc::default() };
        Self { addr, webhook: format!("http://{addr}/webhook"), socket: Some(socket), shared }
    }

    pub(crate) fn up(mood: Mood) -> Self {
        let mut receiver = Self::down();
        receiver.turns(mood);
        receiver.opens();
        receiver
    }

    pub(crate) fn opens(&mut self) {
        let listener = self.socket.take().unwrap().listen(128).unwrap();
        // Alertmanager's API is served too. Its bodies are not webhooks, so only its requests are counted.
        let app = Router::new()
            .route("/webhook", post(receive))
            .route("/api/v2/alerts", any(receive))
            .route("/secret-path", any(elsewhere))
            .with_state(self.shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    }

    pub(crate) fn turns(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// Returns the number of requests so far, accepted or not.
    pub(crate) fn requests(&self) -> usize {
        *self.shared.requests.lock().unwrap()
    }

    /// Returns the number of requests that followed its redirect.
    pub(crate) fn redirected(&self) -> usize {
        *self.shared.redirected.lock().unwrap()
    }

    /// Returns the bodies that it has accepted.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.shared.bodies.lock().unwrap().clone()
    }

    /// Returns the alerts that it received, in order, with repetitions.
    pub(crate) fn heard(&self) -> Vec<Notified> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let alerts = self.bodies().into_iter().flat_map(|body| body["alerts"].as_array().unwrap().clone());
        alerts.map(|alert| (text(&alert["labels"]["service"]), text(&alert["status"]))).collect()
    }

    /// Waits until it has received this.
    pub(crate) async fn hears(&self, service: &str, status: &str) {
        let notified = (service.to_owned(), status.to_owned());
        eventually(&format!("{service} is reported as {status}"), SOON, async || {
            self.heard().contains(&notified).then_some(())
        })
        .await;
    }
}

/// Answers 200 to everything, as a login page does.
async fn elsewhere(State(shared): State<Shared>) -> StatusCode {
    *shared.redirected.lock().unwrap() += 1;
    StatusCode::OK
}

async fn receive(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    *shared.requests.lock().unwrap() += 1;
    let mood = *shared.mood.lock().unwrap();
    let alerts = body["alerts"].as_array().map_or(0, Vec::len);
    let status = match mood {
        Mood::Limits(most) if alerts > most => StatusCode::PAYLOAD_TOO_LARGE,
        Mood::Accepts | Mood::Limits(_) => {
            shared.bodies.lock().unwrap().push(body);
            StatusCode::OK
        }
        Mood::Refuses => StatusCode::INTERNAL_SERVER_ERROR,
        Mood::Redirects => return Redirect::temporary("/secret-path").into_response(),
        Mood::Hangs => std::future::pending().await,
    };
    status.into_response()
}
