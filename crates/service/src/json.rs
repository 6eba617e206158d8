//! Formats each log line as a JSON object, with the ids of the trace it belongs to.
use crate::printable_json;
use opentelemetry::{Context, trace::TraceContextExt};
use serde_json::{Map, Value, json};
use std::fmt;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime as Rfc3339},
    },
    registry::LookupSpan,
};

/// Formats events as `{"timestamp", "level", "service", "target", "message", "span", "trace_id", "span_id",
/// ...fields}`.
///
/// tracing-subscriber's own JSON format doesn't support OpenTelemetry, so it has no trace ids.
pub(crate) struct JsonLines {
    pub(crate) service: &'static str,
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut timestamp = String::new();
        Rfc3339.format_time(&mut Writer::new(&mut timestamp))?;
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        // Inserted after the event's own fields, so that a field named `level` can't hide the level.
        let line = &mut fields.0;
        line.insert("timestamp".into(), timestamp.into());
        line.insert("level".into(), event.metadata().level().as_str().into());
        line.insert("service".into(), self.service.into());
        line.insert("target".into(), event.metadata().target().into());
        if let Some(span) = context.lookup_current() {
            line.insert("span".into(), span.name().into());
        }
        Context::map_current(|current| {
            let span = current.span();
            let ids = span.span_context();
            if ids.is_valid() {
                line.insert("trace_id".into(), ids.trace_id().to_string().into());
                line.insert("span_id".into(), ids.span_id().to_string().into());
            }
        });
        writeln!(out, "{}", printable_json(&Value::Object(fields.0).to_string()))
    }
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no NaN; the string "NaN" is more useful than null.
        let json = if value.is_finite() { json!(value) } else { json!(value.to_string()) };
        self.0.insert(field.name().into(), json);
    }
}
