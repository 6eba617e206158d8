//! A request that is sent while another one is answered carries its correlation id and continues its trace.

use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tidewatch_client::{Client, correlated};
use tidewatch_contract::http::correlation::CorrelationId;
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

use crate::peer::{LIMIT, Peer};

/// Returns the value of a header of the last request.
fn header(peer: &Peer, name: &str) -> Option<String> {
    let request = peer.requests().pop().unwrap();
    request.lines().find_map(|line| Some(line.split_once(": ").filter(|(key, _)| *key == name)?.1.to_owned()))
}

#[tokio::test]
async fn the_correlation_id_of_the_task_is_sent_and_none_outside() {
    let peer = Peer::json("{}").await;
    let client = Client::new("peer", peer.url.clone(), LIMIT).unwrap();
    client.probe("/").await.unwrap();
    assert_eq!(header(&peer, "x-correlation-id"), None);
    correlated(CorrelationId::accept("req-42").unwrap(), client.probe("/")).await.unwrap();
    assert_eq!(header(&peer, "x-correlation-id").as_deref(), Some("req-42"));
}

#[tokio::test]
async fn the_trace_of_the_task_goes_on_in_a_span_of_the_request_and_none_begins_outside() {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let spans = tracing_opentelemetry::layer().with_tracer(SdkTracerProvider::builder().build().tracer("test"));
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(spans));
    let peer = Peer::json("{}").await;
    let client = Client::new("peer", peer.url.clone(), LIMIT).unwrap();
    client.probe("/").await.unwrap();
    assert_eq!(header(&peer, "traceparent"), None);

    let work = tracing::info_span!("work");
    let context = work.context().span().span_context().clone();
    client.probe("/").instrument(work).await.unwrap();
    let sent = header(&peer, "traceparent").unwrap();
    let parts: Vec<&str> = sent.split('-').collect();
    assert_eq!(parts[1], context.trace_id().to_string());
    assert_ne!(parts[2], context.span_id().to_string(), "the span of the request is in between");
}
