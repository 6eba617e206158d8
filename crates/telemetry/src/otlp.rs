//! Traces and logs over OTLP/HTTP, configured by OpenTelemetry's own environment variables.
use anyhow::Context;
use opentelemetry_otlp::{LogExporter, SpanExporter};
use opentelemetry_sdk::{Resource, logs::SdkLoggerProvider, trace::SdkTracerProvider};

/// Log targets of the exporter and of the HTTP client that it uses.
pub(crate) const EXPORT_TARGETS: [&str; 4] = ["opentelemetry", "hyper", "reqwest", "rustls"];

/// Whether an endpoint is set.
pub(crate) fn is_configured() -> bool {
    std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").is_ok_and(|endpoint| !endpoint.is_empty())
}

/// Makes spans, and so the trace ids of the logs; exports them when `export` is set.
pub(crate) fn tracer_provider(service: &'static str, export: bool) -> anyhow::Result<SdkTracerProvider> {
    let provider = SdkTracerProvider::builder().with_resource(resource(service));
    if !export {
        return Ok(provider.build());
    }
    let exporter = SpanExporter::builder().with_http().build().context(UNUSABLE)?;
    Ok(provider.with_batch_exporter(exporter).build())
}

/// Exports log records.
pub(crate) fn logger_provider(service: &'static str) -> anyhow::Result<SdkLoggerProvider> {
    let exporter = LogExporter::builder().with_http().build().context(UNUSABLE)?;
    Ok(SdkLoggerProvider::builder().with_resource(resource(service)).with_batch_exporter(exporter).build())
}

const UNUSABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT is not usable; set it to a URL such as http://127.0.0.1:4318";

fn resource(service: &'static str) -> Resource {
    let resource = Resource::builder();
    // The builder has read OTEL_SERVICE_NAME; whoever sets it wants that name.
    let named = std::env::var("OTEL_SERVICE_NAME").is_ok_and(|name| !name.is_empty());
    if named { resource.build() } else { resource.with_service_name(service).build() }
}
