//! Installs the process's tracing subscriber: logs on stdout, spans, and OTLP if configured.
use crate::{json::JsonLines, otlp, printable};
use anyhow::{Context, anyhow};
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::{logs::SdkLoggerProvider, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use std::{fmt, io::IsTerminal, time::Duration};
use tracing::{field::Field, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    field::MakeExt,
    filter::{FilterExt, filter_fn},
    fmt::{
        FormatFields,
        format::{Writer, debug_fn},
    },
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Time limit per signal (traces, logs) for exporting what is left when the process ends.
const FLUSH: Duration = Duration::from_secs(2);

/// Keeps the export of telemetry alive. Dropping it sends everything still queued, for up to 2 s each for traces and
/// logs.
#[derive(Debug)]
#[must_use = "telemetry is flushed and ends when the guard is dropped"]
pub struct TelemetryGuard {
    tracer: SdkTracerProvider,
    logger: Option<SdkLoggerProvider>,
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        // An error can't be reported any more: the exporters have already logged it.
        let _ = self.tracer.shutdown_with_timeout(FLUSH);
        if let Some(logger) = &self.logger {
            let _ = logger.shutdown_with_timeout(FLUSH);
        }
    }
}

/// Installs the subscriber of the whole process: JSON lines with trace ids on stdout, or human-readable lines if stdout
/// is a terminal, filtered by `RUST_LOG` (default `info`). Traces and logs also go to OTLP over HTTP if
/// `OTEL_EXPORTER_OTLP_ENDPOINT` is set, or the variable of one signal. Returns an error if called twice, or if a
/// variable is invalid, naming it.
pub fn init(service: &'static str) -> anyhow::Result<TelemetryGuard> {
    let lines = if std::io::stdout().is_terminal() {
        tracing_subscriber::fmt::layer().with_target(false).fmt_fields(readable()).boxed()
    } else {
        tracing_subscriber::fmt::layer().event_format(JsonLines { service }).boxed()
    };
    install(service, "info", lines)
}

/// Like [`init`], for a program with human-readable output on stdout: logs are human-readable lines on stderr, only
/// warnings and errors unless `RUST_LOG` says otherwise.
pub fn init_quiet(service: &'static str) -> anyhow::Result<TelemetryGuard> {
    let terminal = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(terminal);
    let lines = lines.fmt_fields(readable()).boxed();
    install(service, "warn", lines)
}

/// Returns a formatter for human-readable fields, `message name=value`, with all values made printable.
fn readable() -> impl for<'a> FormatFields<'a> + Send + Sync + 'static {
    let field = |out: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| match field.name() {
        "message" => write!(out, "{}", printable(format_args!("{value:?}"))),
        name => write!(out, "{name}={}", printable(format_args!("{value:?}"))),
    };
    debug_fn(field).delimited(" ")
}

/// The layer that writes log lines to the console.
type Lines = Box<dyn Layer<Registry> + Send + Sync>;

fn install(service: &'static str, default: &str, lines: Lines) -> anyhow::Result<TelemetryGuard> {
    let tracer = otlp::tracer_provider(service)?;
    let logger = otlp::logger_provider(service)?;

    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    // Not filtered by `RUST_LOG`: a trace goes on even through a service that logs little.
    let spans = tracing_opentelemetry::layer().with_tracer(tracer.tracer(service)).with_filter(LevelFilter::INFO);
    // The exporter's log events about its own failures must not be exported: they would cause further ones.
    let exported = filter_fn(|metadata| !otlp::EXPORT_TARGETS.iter().any(|name| metadata.target().starts_with(name)));
    let wanted = filter(default)?;
    let records = logger.as_ref().map(OpenTelemetryTracingBridge::new);
    let records = records.map(|records| records.with_filter(wanted.and(exported)));
    tracing_subscriber::registry()
        .with(lines.with_filter(filter(default)?))
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Said {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_field_reaches_the_terminal_or_forges_a_line() {
        const HOSTILE: &str = "a\n2026-01-01 ERROR forged\x1b[2J\u{9b}31m\u{202e}";
        for format in ["text", "json"] {
            let said = Said::default();
            let writer = said.clone();
            let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
            let lines: Lines = match format {
                "text" => lines.fmt_fields(readable()).boxed(),
                _ => lines.event_format(JsonLines { service: "test" }).boxed(),
            };
            tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
                let _span = tracing::info_span!("span", name = %HOSTILE).entered();
                tracing::info!(text = HOSTILE, shown = %HOSTILE, debug = ?HOSTILE, "message {HOSTILE}");
            });
            let said = String::from_utf8(said.0.lock().unwrap().clone()).unwrap();
            assert_eq!(said.lines().count(), 1, "{format}: {said}");
            assert!(!said.contains(['\x1b', '\u{9b}', '\u{202e}']) && said.contains("forged"), "{format}: {said:?}");
        }
    }
}
