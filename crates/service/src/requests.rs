//! Observes the requests that a service answers: a span that continues the trace of the caller (W3C Trace Context), a
//! correlation id, a log line, and a duration with an exemplar.
//!
//! Names of spans and attributes follow OpenTelemetry's semantic conventions of HTTP servers.
use crate::{
    Parts,
    exemplars::{Exemplar, Exemplars},
    metrics::Family,
    problem,
};
use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use opentelemetry::{propagation::Extractor, trace::SpanContext, trace::TraceContextExt};
use prometheus::{HistogramVec, IntGauge};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tidewatch_client::correlated;
use tidewatch_contract::http::correlation::{CORRELATION_ID, CorrelationId};
use tracing::{Instrument, Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The durations of the requests that a service answered.
pub const REQUEST_DURATION: Family = Family::histogram(
    "http_server_request_duration_seconds",
    &["http_request_method", "http_route", "http_response_status_class"],
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0],
    "Durations of HTTP requests in seconds, until the answer began; the route is empty if the path is unknown.",
);
/// The number of requests that a service is answering.
pub const ACTIVE_REQUESTS: Family =
    Family::gauge("http_server_active_requests", &[], "HTTP requests that are being answered.");

/// Observes requests, see [`Requests::observe`].
#[derive(Clone)]
pub struct Requests(Arc<Inner>);

struct Inner {
    durations: HistogramVec,
    active: IntGauge,
    exemplars: Exemplars,
    finished: Box<dyn Fn(&Finished<'_>) + Send + Sync>,
}

/// A request that was answered, on a route of the service.
#[derive(Debug)]
pub struct Finished<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The template of its path, such as `/user/{id}`.
    pub route: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
    /// Its correlation id.
    pub correlation: &'a CorrelationId,
    /// Its span, if it is part of a trace.
    pub trace: Option<&'a SpanContext>,
}

impl fmt::Debug for Requests {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Requests")
    }
}

impl Requests {
    /// Registers [`REQUEST_DURATION`] and [`ACTIVE_REQUESTS`], with the series of `routes`: a rate needs the zero
    /// before the first count. `finished` is called after each request on a route; it must not block.
    pub fn new(
        parts: &Parts,
        routes: &[(Method, &str)],
        finished: impl Fn(&Finished<'_>) + Send + Sync + 'static,
    ) -> Result<Self, prometheus::Error> {
        let durations: HistogramVec = REQUEST_DURATION.register(&parts.registry)?;
        for (method, route) in routes {
            for class in ["2xx", "4xx", "5xx"] {
                durations.with_label_values(&[known(method), route, class]);
            }
        }
        Ok(Self(Arc::new(Inner {
            durations,
            active: ACTIVE_REQUESTS.register(&parts.registry)?,
            exemplars: parts.exemplars.clone(),
            finished: Box::new(finished),
        })))
    }

    /// Observes all requests of `router`, including those for unknown paths, which it answers with 404.
    pub fn observe(&self, router: Router) -> Router {
        let unknown = async || problem(StatusCode::NOT_FOUND, "there is nothing at this path");
        router.fallback(unknown).layer(from_fn_with_state(self.clone(), observed))
    }
}

async fn observed(State(Requests(observer)): State<Requests>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let _active = Active::new(&observer.active);
    let correlation = correlation_id(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    let method = request.method().clone();
    let span = span(&request, route, &correlation);
    request.extensions_mut().insert(correlation.clone());

    let work = correlated(correlation.clone(), next.run(request));
    let mut response = work.instrument(span.clone()).await;

    let (status, took) = (response.status().as_u16(), began.elapsed());
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("error.type", status.to_string());
        span.record("otel.status_code", "ERROR");
    }
    span.in_scope(|| {
        let (what, seconds) = (route.unwrap_or("unknown path"), took.as_secs_f64());
        tracing::info!(%correlation, status, seconds, "{method} {what}");
    });
    let context = span.context();
    let trace = context.span().span_context().clone();
    let trace = (trace.is_valid() && trace.is_sampled()).then_some(&trace);
    observer.count(&method, route.unwrap_or_default(), status, took, trace);
    if let Some(route) = route {
        (observer.finished)(&Finished { method: &method, route, status, took, correlation: &correlation, trace });
    }
    if let Ok(value) = HeaderValue::try_from(correlation.as_str()) {
        response.headers_mut().insert(CORRELATION_ID, value);
    }
    response
}

impl Inner {
    fn count(&self, method: &Method, route: &str, status: u16, took: Duration, trace: Option<&SpanContext>) {
        let (method, class, value) = (known(method), class(status), took.as_secs_f64());
        self.durations.with_label_values(&[method, route, class]).observe(value);
        if let Some(trace) = trace {
            let [methods, routes, classes] = REQUEST_DURATION.labels else { return };
            // Ordered by the name of the label.
            let labels = vec![(*methods, method.to_owned()), (*classes, class.to_owned()), (*routes, route.to_owned())];
            let exemplar = Exemplar { trace_id: trace.trace_id().to_string(), value, at: SystemTime::now() };
            self.exemplars.note(REQUEST_DURATION.name, labels, REQUEST_DURATION.buckets, exemplar);
        }
    }
}

/// Counts a request as active until it is answered or its client is gone.
struct Active<'a>(&'a IntGauge);

impl<'a> Active<'a> {
    fn new(gauge: &'a IntGauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Returns the client's id if it is valid, otherwise a new one.
fn correlation_id(headers: &HeaderMap) -> CorrelationId {
    let sent = headers.get(CORRELATION_ID).and_then(|value| value.to_str().ok());
    sent.and_then(CorrelationId::accept).unwrap_or_else(|| CorrelationId::from_random(rand::random()))
}

fn span(request: &Request, route: Option<&str>, correlation: &CorrelationId) -> Span {
    let method = known(request.method());
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = header(header::HOST).unwrap_or_default();
    let span = tracing::info_span!(
        "http_server",
        otel.name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}")),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        url.path = request.uri().path(),
        url.scheme = "http",
        server.address = host.rsplit_once(':').map_or(host, |(name, _)| name),
        user_agent.original = header(header::USER_AGENT),
        "error.type" = Empty,
        correlation_id = correlation.as_str(),
    );
    let parent =
        opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&Headers(request.headers())));
    // A span that nobody records has no parent either.
    let _ = span.set_parent(parent);
    span
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}

/// Returns the method, or `_OTHER` for one that HTTP doesn't define: a client must not be able to make up series.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::CONNECT => "CONNECT",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::PATCH => "PATCH",
        _ => "_OTHER",
    }
}

fn class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
