//! The HTTP interface.
use crate::{alertmanager, history::History, metrics::Metrics, notification::Notification, page, slack};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tidewatch_telemetry::{Condition, same_origin_only};

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) history: Arc<Mutex<History>>,
    pub(crate) metrics: Metrics,
    /// Met while what is received can be kept.
    pub(crate) keeps: Condition,
}

pub(crate) fn routes(app: App) -> Router {
    let routes = Router::new()
        .route("/", get(show))
        .route("/webhook", post(receive_alertmanager))
        .route("/slack/webhook", post(receive_slack))
        .route("/api/alerts", get(list).delete(clear))
        .route("/health", get(async || "live\n"))
        .route("/livez", get(async || "live\n"))
        .with_state(app);
    same_origin_only(routes)
}

impl App {
    /// Runs on a thread that may block: it waits for the disk.
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
        tracing::error!(error, "can't write the history to --data-dir; nothing of this request is kept");
        self.keeps.unmet(format!("can't write to --data-dir: {error}"));
        self.metrics.not_kept.inc();
        Err((StatusCode::INSUFFICIENT_STORAGE, format!("can't keep this, send it again later: {error}\n"))
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

    fn newest_first(&self) -> Vec<Notification> {
        lock(&self.history).newest_first().cloned().collect()
    }
}

async fn receive_alertmanager(State(app): State<App>, body: Bytes) -> Result<&'static str, Response> {
    let received = alertmanager::parse(&body, Timestamp::now()).map_err(|reason| reject(&app, reason))?;
    app.keep(received).await?;
    Ok("ok")
}

async fn receive_slack(State(app): State<App>, body: Bytes) -> Result<&'static str, Response> {
    let received = slack::parse(&body, Timestamp::now()).map_err(|reason| reject(&app, reason.into()))?;
    app.keep(vec![received]).await?;
    Ok("ok")
}

fn reject(app: &App, reason: String) -> Response {
    tracing::warn!(reason, "refused a webhook");
    app.metrics.rejected.inc();
    (StatusCode::BAD_REQUEST, reason).into_response()
}

async fn list(State(app): State<App>) -> Json<Vec<Notification>> {
    Json(app.newest_first())
}

async fn clear(State(app): State<App>) -> Result<StatusCode, Response> {
    app.change(History::clear).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn show(State(app): State<App>) -> Response {
    let headers = [(header::CONTENT_SECURITY_POLICY, page::POLICY), (header::CACHE_CONTROL, "no-store")];
    (headers, Html(page::render(&app.newest_first()).into_string())).into_response()
}

// A panic inside leaves the history as it was before the change, so a poisoned lock is as good as any.
fn lock(history: &Mutex<History>) -> MutexGuard<'_, History> {
    history.lock().unwrap_or_else(PoisonError::into_inner)
}
