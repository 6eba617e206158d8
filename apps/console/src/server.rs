//! The HTTP server: the page, its stream of fragments, and the status as JSON.

mod live;
mod status;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State as Extract};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use futures::Stream;
use jiff::Timestamp;
use tidewatch_contract::http::console::STATUS;

use crate::view;

pub(crate) use live::Live;

/// Returns all routes of the listener.
pub(crate) fn routes(live: Arc<Live>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/events", get(events))
        .route(STATUS, get(api_status))
        .fallback(async || (StatusCode::NOT_FOUND, "not found; the page is at /\n"))
        .layer(from_fn(secure))
        .with_state(live)
}

async fn page(Extract(live): Extract<Arc<Live>>) -> Html<String> {
    Html(view::page(&live.current()).into_string())
}

async fn api_status(Extract(live): Extract<Arc<Live>>) -> impl IntoResponse {
    axum::Json(status::status(&live.state.lock(), Timestamp::now()))
}

/// Streams the fragments that change, once per second. The first message contains all of them.
async fn events(Extract(live): Extract<Arc<Live>>, headers: HeaderMap) -> Response {
    // Another site's page couldn't read the stream, but it could use up the limited number of streams.
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return (StatusCode::FORBIDDEN, "streams are only for this console's own page\n").into_response();
    }
    match live.follow() {
        Some(messages) => Sse::new(as_events(messages)).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "too many pages are open; close one\n").into_response(),
    }
}

fn as_events(messages: impl Stream<Item = Arc<str>>) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::StreamExt::map(messages, |message| Ok(Event::default().data(message)))
}

/// Adds the security headers: nothing is loaded from elsewhere, only the page's own style and script may be inline, and
/// the page is neither framed nor cached.
async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&view::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
