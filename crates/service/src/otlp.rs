//! Traces and logs over OTLP/HTTP, configured by OpenTelemetry's own environment variables.
use std::time::Duration;

use anyhow::{Context, anyhow};
use opentelemetry_otlp::{LogExporter, SpanExporter, WithHttpConfig};
use opentelemetry_sdk::{Resource, logs::SdkLoggerProvider, trace::SdkTracerProvider};
use reqwest::{blocking::Client, redirect::Policy};

/// Log targets of the exporter and of the HTTP client that it uses.
pub(crate) const EXPORT_TARGETS: [&str; 4] = ["opentelemetry", "hyper", "reqwest", "rustls"];

/// Returns the value of one of the exporter's variables, unless it is unset or empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(format!("OTEL_EXPORTER_OTLP_{name}")).ok().filter(|value| !value.is_empty())
}

/// Returns whether an endpoint is set for all signals or for this one.
fn has_endpoint(signal: &str) -> bool {
    ["ENDPOINT", &format!("{signal}_ENDPOINT")].iter().any(|name| variable(name).is_some())
}

/// Returns the provider of spans, and thereby of the trace ids in the logs. It exports the spans if an endpoint is set.
pub(crate) fn tracer_provider(service: &'static str) -> anyhow::Result<SdkTracerProvider> {
    let provider = SdkTracerProvider::builder().with_resource(resource(service));
    if !has_endpoint("TRACES") {
        return Ok(provider.build());
    }
    let exporter = SpanExporter::builder().with_http().with_http_client(client()?).build().context(UNUSABLE)?;
    Ok(provider.with_batch_exporter(exporter).build())
}

/// Returns the provider that exports log records, if an endpoint is set.
pub(crate) fn logger_provider(service: &'static str) -> anyhow::Result<Option<SdkLoggerProvider>> {
    if !has_endpoint("LOGS") {
        return Ok(None);
    }
    let exporter = LogExporter::builder().with_http().with_http_client(client()?).build().context(UNUSABLE)?;
    Ok(Some(SdkLoggerProvider::builder().with_resource(resource(service)).with_batch_exporter(exporter).build()))
}

/// Returns the client that exports one signal. It connects only to the endpoint: it follows no redirects and uses no
/// proxy. Certificates are loaded only for HTTPS endpoints: a service's image has none, and loading them would make
/// even plain HTTP fail.
fn client() -> anyhow::Result<Client> {
    let endpoints = ["ENDPOINT", "TRACES_ENDPOINT", "LOGS_ENDPOINT"];
    let tls = endpoints.iter().any(|name| variable(name).is_some_and(|url| url.starts_with("https:")));
    // OpenTelemetry's default.
    let timeout = Duration::from_millis(variable("TIMEOUT").and_then(|millis| millis.parse().ok()).unwrap_or(10_000));
    let build = move || {
        let client = Client::builder().timeout(timeout).redirect(Policy::none()).no_proxy();
        if tls { client } else { client.tls_certs_only([]) }.build()
    };
    // It creates a runtime of its own, which can't be started on a thread of another runtime.
    let client = std::thread::spawn(build).join().map_err(|_| anyhow!("the exporter's HTTP client can't be made"))?;
    client.context(
        "OTEL_EXPORTER_OTLP_ENDPOINT: https needs CA certificates; set SSL_CERT_FILE to a file that contains them",
    )
}

const UNUSABLE: &str =
    "OTEL_EXPORTER_OTLP_ENDPOINT or that of a signal is not usable; set it to a URL such as http://127.0.0.1:4318";

fn resource(service: &'static str) -> Resource {
    let resource = Resource::builder();
    // The builder has already read OTEL_SERVICE_NAME, which takes precedence.
    let named = std::env::var("OTEL_SERVICE_NAME").is_ok_and(|name| !name.is_empty());
    if named { resource.build() } else { resource.with_service_name(service).build() }
}
