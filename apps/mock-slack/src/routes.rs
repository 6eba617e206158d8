//! The HTTP interface.
use crate::{alertmanager, history::History, metrics::Metrics, notification::Notification, page, slack};
use axum::{
    Json, Router,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use futures::StreamExt;
use jiff::Timestamp;
use serde::Deserialize;
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tidewatch_contract::http::{admin::LIVE, mock_slack::ALERTS};
use tidewatch_platform::MOCK_SLACK_WEBHOOK;
use tidewatch_service::{Condition, same_origin_only};

/// The largest body that is accepted, in bytes.
const BODY_LIMIT: usize = 2 * 1024 * 1024;
/// How much of a larger body is read and discarded at most, in bytes: a client reads the answer only after sending the
/// whole body.
const READ_LIMIT: usize = 16 * BODY_LIMIT;

/// The state that the handlers share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) history: Arc<Mutex<History>>,
    pub(crate) metrics: Metrics,
    /// Met while received notifications can be stored.
    pub(crate) keeps: Condition,
}

pub(crate) fn routes(app: App) -> Router {
    let routes = Router::new()
        .route("/", get(show))
        .route(MOCK_SLACK_WEBHOOK, post(receive_alertmanager))
        .route("/slack/webhook", post(receive_slack))
        .route(ALERTS, get(list).delete(clear))
        .route("/health", get(async || "live\n"))
        .route(LIVE, get(async || "live\n"))
        .with_state(app);
    same_origin_only(routes)
}

impl App {
    /// Applies a change on a blocking thread, because it waits for the disk. A failure is logged, counted and answered
    /// with 507.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut History) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Response> {
        let history = Arc::clone(&self.history);
        let outcome = tokio::task::spawn_blocking(move || change(&mut lock(&history))).await;
        let error = match outcome {
            Ok(Ok(done)) => {
                self.keeps.met();
                return Ok(done);
            }
            Ok(Err(error)) => error.to_string(),
            Err(panicked) => panicked.to_string(),
        };
        tracing::error!(error, "can't write the history to --data-dir; nothing of this request is stored");
        self.keeps.unmet(format!("can't write to --data-dir: {error}"));
        self.metrics.not_kept.inc();
        Err((StatusCode::INSUFFICIENT_STORAGE, format!("can't store this; send it again later: {error}\n"))
            .into_response())
    }

    async fn keep(&self, received: Vec<Notification>) -> Result<(), Response> {
        let all = received.len();
        let new = self.change(move |history| history.record(received)).await?;
        self.metrics.repeated.inc_by((all - new.len()) as u64);
        for status in new {
            self.metrics.notifications.with_label_values(&[status.as_str()]).inc();
        }
        Ok(())
    }

    /// Stores the notifications that `parse` finds in a body. A body that can't be read or parsed is logged, counted
    /// and answered with an error.
    async fn receive(
        &self,
        body: Body,
        parse: impl FnOnce(&[u8], Timestamp) -> Result<Vec<Notification>, String>,
    ) -> Result<&'static str, Response> {
        let body = whole(body).await;
        let received =
            body.and_then(|body| parse(&body, Timestamp::now()).map_err(|reason| (StatusCode::BAD_REQUEST, reason)));
        let received = received.map_err(|(status, reason)| {
            tracing::warn!(status = status.as_u16(), reason, "refused a webhook");
            self.metrics.rejected.inc();
            (status, reason).into_response()
        })?;
        self.keep(received).await?;
        Ok("ok")
    }

    fn newest_first(&self, limit: usize) -> Vec<Notification> {
        lock(&self.history).newest_first().take(limit).cloned().collect()
    }
}

async fn whole(body: Body) -> Result<Vec<u8>, (StatusCode, String)> {
    let (mut whole, mut length) = (Vec::new(), 0);
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| (StatusCode::BAD_REQUEST, format!("the body ended early: {error}")))?;
        length += part.len();
        if length <= BODY_LIMIT {
            whole.extend_from_slice(&part);
        } else if length > READ_LIMIT {
            break;
        }
    }
    if length > BODY_LIMIT {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {BODY_LIMIT} bytes")));
    }
    Ok(whole)
}

async fn receive_alertmanager(State(app): State<App>, body: Body) -> Result<&'static str, Response> {
    app.receive(body, alertmanager::parse).await
}

async fn receive_slack(State(app): State<App>, body: Body) -> Result<&'static str, Response> {
    let parse = |body: &[u8], at| slack::parse(body, at).map(|message| vec![message]).map_err(str::to_owned);
    app.receive(body, parse).await
}

#[derive(Deserialize)]
struct Wanted {
    limit: Option<usize>,
}

async fn list(
    State(app): State<App>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Vec<Notification>>, Response> {
    let Query(Wanted { limit }) = wanted.map_err(|_| {
        (StatusCode::BAD_REQUEST, "limit must be a number of notifications, such as ?limit=100\n").into_response()
    })?;
    Ok(Json(app.newest_first(limit.unwrap_or(usize::MAX))))
}

async fn clear(State(app): State<App>) -> Result<StatusCode, Response> {
    app.change(History::clear).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn show(State(app): State<App>) -> Response {
    let headers = [(header::CONTENT_SECURITY_POLICY, page::POLICY), (header::CACHE_CONTROL, "no-store")];
    (headers, Html(page::render(&app.newest_first(usize::MAX)).into_string())).into_response()
}

// A panic leaves the history as it was before the change, so a poisoned lock is safe to use.
fn lock(history: &Mutex<History>) -> MutexGuard<'_, History> {
    history.lock().unwrap_or_else(PoisonError::into_inner)
}
