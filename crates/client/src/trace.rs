//! The span of a request to a peer, and the headers by which the peer continues the trace (W3C Trace Context).
//!
//! Names follow OpenTelemetry's semantic conventions of HTTP clients. The path is not among them, since that of a
//! webhook may be a secret.

use opentelemetry::propagation::Injector;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Request};
use tidewatch_contract::http::correlation::CORRELATION_ID;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{HttpUrl, Reason, correlation};

/// Returns the span of a request. Outside of a trace there is none, so that polling makes no traces.
pub(crate) fn span(method: &Method, base: &HttpUrl) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    let url = base.as_url();
    tracing::info_span!(
        "http_request",
        otel.name = method.as_str(),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = method.as_str(),
        http.response.status_code = Empty,
        server.address = url.host_str().unwrap_or_default(),
        server.port = url.port_or_known_default().unwrap_or_default(),
        "error.type" = Empty,
    )
}

/// Notes the outcome of the request in its span: its status, or why there is none.
pub(crate) fn answered(span: &Span, outcome: Result<u16, &Reason>) {
    let error = match outcome {
        Ok(status) => {
            span.record("http.response.status_code", status);
            (status >= 400).then(|| status.to_string())
        }
        Err(reason) => Some(reason.kind().to_owned()),
    };
    if let Some(error) = error {
        span.record("error.type", error);
        span.record("otel.status_code", "ERROR");
    }
}

/// Adds the headers of the trace and the correlation id.
pub(crate) fn propagate(span: &Span, request: &mut Request) {
    if !span.is_none() {
        let headers = &mut Headers(request);
        opentelemetry::global::get_text_map_propagator(|propagator| {
            propagator.inject_context(&span.context(), headers);
        });
    }
    if let Some(id) = correlation::current() {
        Headers(request).set(CORRELATION_ID, id.to_string());
    }
}

struct Headers<'a>(&'a mut Request);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.headers_mut().insert(name, value);
        }
    }
}
