//! `GET /status` on the admin listener: what the processor knows, asked of the judging thread when somebody asks.

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

/// Somebody waits for a status.
pub(crate) type Question = oneshot::Sender<Status>;
/// Where the judging thread finds its questions.
pub(crate) type Questions = Receiver<Question>;

/// The routes beside /metrics, /livez and /readyz.
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
    (StatusCode::SERVICE_UNAVAILABLE, "the judging thread is busy: ask again\n").into_response()
}
