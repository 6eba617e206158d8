//! `GET /status` on the admin listener. The evaluation thread answers each request.

use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tidewatch_contract::http::processor::{STATUS, Status};
use tokio::sync::oneshot;

const PATIENCE: Duration = Duration::from_secs(3);

/// A pending status request.
pub(crate) type Question = oneshot::Sender<Status>;
/// The evaluation thread's end of the queue of requests.
pub(crate) type Questions = Receiver<Question>;

/// Returns the routes in addition to /metrics, /livez and /readyz.
pub(crate) fn routes(questions: Sender<Question>) -> Router {
    Router::new().route(STATUS, get(status)).with_state(questions)
}

async fn status(State(questions): State<Sender<Question>>) -> Response {
    let (question, answer) = oneshot::channel();
    if questions.send(question).is_ok()
        && let Ok(Ok(status)) = tokio::time::timeout(PATIENCE, answer).await
    {
        return Json(status).into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "the evaluation thread is busy; try again\n").into_response()
}
