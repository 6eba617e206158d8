//! Traces and logs over OTLP/HTTP.
use anyhow::Context;
use opentelemetry_otlp::{LogExporter, SpanExporter};
use opentelemetry_sdk::{Resource, logs::SdkLoggerProvider, trace::SdkTracerProvider};

/// Whether the standard variables ask for an export.
pub(crate) fn is_configured() -> bool {
    std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").is_ok_and(|endpoint| !endpoint.is_empty())
}

/// Makes spans, and so the trace ids of the logs; exports them when `export` is set.
pub(crate) fn tracer_provider(service: &'static str, export: bool) -> anyhow::Result<SdkTracerProvider> {
    let provider = SdkTracerProvider::builder().with_resource(resource(service));
    if !export {
        return Ok(provider.build());
    }
    let exporter = SpanExporter::builder().with_http().build().context(REFUSED)?;
    Ok(provider.with_batch_exporter(exporter).build())
}

/// Exports log records.
pub(crate) fn logger_provider(service: &'static str) -> anyhow::Result<SdkLoggerProvider> {
    let exporter = LogExporter::builder().with_http().build().context(REFUSED)?;
    Ok(SdkLoggerProvider::builder().with_resource(resource(service)).with_batch_exporter(exporter).build())
}

const REFUSED: &str = "OTEL_EXPORTER_OTLP_ENDPOINT is not usable; set it to a URL such as http://127.0.0.1:4318";

fn resource(service: &'static str) -> Resource {
    Resource::builder().with_service_name(service).build()
}
