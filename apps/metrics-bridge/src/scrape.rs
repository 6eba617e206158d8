//! Answers a scrape with the store's series, followed by those of the process.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus::{Registry, TEXT_FORMAT, TextEncoder};
use tidewatch_service::{OPENMETRICS, accepts_openmetrics, render_openmetrics};

use crate::SharedStore;
use crate::exposition::Format;

/// Returns the metrics in the format that the request prefers, or 503 until the store is open: its counts would be too
/// low.
pub(crate) fn answer(store: &SharedStore, registry: &Registry, request: &HeaderMap) -> Response {
    let openmetrics = accepts_openmetrics(request);
    let format = if openmetrics { Format::OpenMetrics } else { Format::Prometheus };
    let series = {
        let store = store.lock();
        store.is_open().then(|| store.render(format))
    };
    let Some(series) = series else {
        let why = "not caught up with metrics.raw yet: the counters would be too low; /readyz has details\n";
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    };
    let families = registry.gather();
    if openmetrics {
        return ([(header::CONTENT_TYPE, OPENMETRICS)], series + &render_openmetrics(&families)).into_response();
    }
    let mut text = series;
    match TextEncoder::new().encode_utf8(&families, &mut text) {
        Ok(()) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("can't render the metrics: {error}\n")).into_response()
        }
    }
}
