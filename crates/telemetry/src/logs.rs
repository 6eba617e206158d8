//! Installs the process's tracing subscriber: logs on stdout, spans, and OTLP when it is configured.
use crate::{json::JsonLines, otlp};
use anyhow::{Context, anyhow};
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::{logs::SdkLoggerProvider, trace::SdkTracerProvider};
use std::{io::IsTerminal, time::Duration};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt,
};

/// How long the end of a process waits for each of traces and logs to be exported.
const FLUSH: Duration = Duration::from_secs(2);

/// Keeps the export of telemetry alive; what is still queued is sent, for 2 s each of traces and logs, when it is dropped.
#[derive(Debug)]
#[must_use = "telemetry is flushed and ends when the guard is dropped"]
pub struct TelemetryGuard {
    tracer: SdkTracerProvider,
    logger: Option<SdkLoggerProvider>,
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        // Nobody is left to be told of an error here: the exporters have logged it.
        let _ = self.tracer.shutdown_with_timeout(FLUSH);
        if let Some(logger) = &self.logger {
            let _ = logger.shutdown_with_timeout(FLUSH);
        }
    }
}

/// Installs the subscriber of the whole process: JSON lines with trace ids on stdout, or human-readable ones when that
/// is a terminal, filtered by `RUST_LOG` (default `info`); traces and logs go to OTLP over HTTP as well when
/// `OTEL_EXPORTER_OTLP_ENDPOINT` is set. It fails when called twice, or on an unusable variable, which it names.
pub fn init(service: &'static str) -> anyhow::Result<TelemetryGuard> {
    let lines = if std::io::stdout().is_terminal() {
        tracing_subscriber::fmt::layer().with_target(false).boxed()
    } else {
        tracing_subscriber::fmt::layer().event_format(JsonLines { service }).boxed()
    };
    install(service, filter("info")?, lines)
}

/// As [`init`], for a program that itself talks to a person on stdout: logs are human-readable lines on stderr, and only
/// warnings and errors unless `RUST_LOG` says otherwise.
pub fn init_quiet(service: &'static str) -> anyhow::Result<TelemetryGuard> {
    let terminal = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(terminal).boxed();
    install(service, filter("warn")?, lines)
}

/// Lines for whoever watches the process.
type Lines = Box<dyn Layer<Registry> + Send + Sync>;

fn install(service: &'static str, filter: EnvFilter, lines: Lines) -> anyhow::Result<TelemetryGuard> {
    let export = otlp::is_configured();
    let tracer = otlp::tracer_provider(service, export)?;
    let logger = export.then(|| otlp::logger_provider(service)).transpose()?;

    let spans = tracing_opentelemetry::layer().with_tracer(tracer.tracer(service));
    // What the exporter logs of its own failures must not be exported: it would feed on itself.
    let exported = filter_fn(|metadata| !otlp::EXPORT_TARGETS.iter().any(|name| metadata.target().starts_with(name)));
    let records = logger.as_ref().map(|logger| OpenTelemetryTracingBridge::new(logger).with_filter(exported));
    tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .with(spans)
        .with(records)
        .try_init()
        .context("logging is set up already; call init once per process")?;
    Ok(TelemetryGuard { tracer, logger })
}

fn filter(default: &str) -> anyhow::Result<EnvFilter> {
    let directives = std::env::var("RUST_LOG").unwrap_or_default();
    let directives = if directives.is_empty() { default } else { &directives };
    EnvFilter::try_new(directives).map_err(|error| anyhow!("RUST_LOG={directives}: {error}"))
}
