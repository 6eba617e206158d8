//! JSON lines: RequestEvents, and the access logs of nginx, Caddy, Envoy, Traefik and others by their usual field names.

use jiff::Timestamp;
use serde_json::{Map, Value};
use tidewatch_events::{Event, RequestEvent};

use super::{Request, Unreadable, clf, field, path, time};

/// A JSON line, by what it holds.
pub(super) enum Line {
    /// All of an event of this system's own.
    Event(Box<RequestEvent>),
    /// What an access log says.
    Request(Request),
}

/// What only a RequestEvent has all of; its other required fields have names that others use too.
const EVENT_FIELDS: [&str; 5] = ["service", "region", "endpoint", "status_code", "timestamp"];

// Names by which fields are looked up, the surest first. `a.b` is a field of that name, or `b` within `a`.
const TIME: &[&str] = &[
    "time_iso8601",
    "timestamp",
    "@timestamp",
    "time",
    "ts",
    "msec",
    "time_local",
    "start_time",
    "StartUTC",
    "StartLocal",
    "datetime",
    "date",
];
const STATUS: &[&str] = &[
    "status",
    "status_code",
    "statusCode",
    "http.response.status_code",
    "response.status",
    "response.status_code",
    "response_code",
    "http_status",
    "DownstreamStatus",
    "code",
];
const METHOD: &[&str] = &[
    "method",
    "request_method",
    "http.request.method",
    "request.method",
    "http_method",
    "requestMethod",
    "RequestMethod",
    "httpRequest.requestMethod",
    "verb",
];
const PATH: &[&str] = &[
    "path",
    "uri",
    "request_uri",
    "requestURI",
    "url.path",
    "url.original",
    "request.uri",
    "request.url",
    "endpoint",
    "url",
    "http.target",
    "RequestPath",
    "httpRequest.requestUrl",
];
const REQUEST_ID: &[&str] =
    &["request_id", "requestId", "req_id", "http.request.id", "x_request_id", "x-request-id", "correlation_id"];
const TRACE_ID: &[&str] = &["trace_id", "traceId", "trace.id"];
const SPAN_ID: &[&str] = &["span_id", "spanId", "span.id"];
/// Names whose unit is known, with it in milliseconds. A value with a unit of its own (`12ms`) keeps that.
const LATENCY: &[(&str, f64)] = &[
    ("latency_ms", 1.0),
    ("duration_ms", 1.0),
    ("durationMs", 1.0),
    ("elapsed_ms", 1.0),
    ("response_time_ms", 1.0),
    ("request_time_ms", 1.0),
    ("request_time", 1e3),
    ("latency_s", 1e3),
    ("latency_seconds", 1e3),
    ("duration_s", 1e3),
    ("duration_seconds", 1e3),
    ("event.duration", 1e-6),
    ("Duration", 1e-6),
];

/// Reads one JSON object.
pub(super) fn parse(text: &str) -> Result<Line, Unreadable> {
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| Unreadable::NotJson(error.to_string()))?;
    if EVENT_FIELDS.iter().all(|name| object.contains_key(*name)) {
        return Ok(Line::Event(Box::new(RequestEvent::parse(text.as_bytes())?)));
    }
    access(&object).map(Line::Request)
}

fn access(object: &Map<String, Value>) -> Result<Request, Unreadable> {
    let logged_at = find(object, TIME).ok_or(Unreadable::Missing("time"))?;
    let ended = moment(logged_at).ok_or_else(|| Unreadable::field("time", &logged_at.to_string()))?;
    let status = find(object, STATUS).ok_or(Unreadable::Missing("status"))?;
    let status_code =
        field::status_code(&scalar(status)).ok_or_else(|| Unreadable::field("status", &status.to_string()))?;
    let (method, endpoint) = target(object)?;
    Ok(Request {
        ended,
        method,
        endpoint,
        status_code,
        latency_ms: latency_ms(object),
        request_id: identifier(object, REQUEST_ID),
        trace_id: identifier(object, TRACE_ID),
        span_id: identifier(object, SPAN_ID),
    })
}

/// Method and endpoint, from fields of their own or out of nginx's `request`.
fn target(object: &Map<String, Value>) -> Result<(Option<String>, String), Unreadable> {
    let method = find(object, METHOD).and_then(Value::as_str).map(str::to_owned);
    if let Some(target) = find(object, PATH).and_then(Value::as_str) {
        return Ok((method, path::template(target)));
    }
    match object.get("request") {
        Some(Value::String(line)) => Ok(clf::request_line(line)),
        _ => Err(Unreadable::Missing("path")),
    }
}

/// The request's duration. `duration` alone is Caddy's and in seconds when it has a fraction; as a whole number its unit
/// can't be known, which is no latency rather than a wrong one.
fn latency_ms(object: &Map<String, Value>) -> Option<f64> {
    for (name, scale) in LATENCY {
        if let Some(value) = find(object, &[name]) {
            return field::milliseconds(&scalar(value), *scale);
        }
    }
    let value = find(object, &["duration", "latency", "response_time", "elapsed"])?;
    match value {
        Value::Number(number) if number.is_f64() && object.contains_key("duration") => {
            field::milliseconds(&number.to_string(), 1e3)
        }
        // Without a unit of its own: scaled to nothing usable.
        Value::String(text) => field::milliseconds(text, f64::NAN),
        _ => None,
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => time::text(text),
        Value::Number(number) => time::epoch(number.as_f64()?),
        _ => None,
    }
}

fn identifier(object: &Map<String, Value>, names: &[&str]) -> Option<String> {
    let id = scalar(find(object, names)?);
    (!id.is_empty() && id != "-").then_some(id)
}

/// The first of these fields that is there and says something.
fn find<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| at(object, name).filter(|value| !value.is_null()))
}

fn at<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        at(object.get(outer)?.as_object()?, inner)
    })
}

/// A string without its quotes; anything else as JSON.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        match parse(text) {
            Ok(Line::Request(request)) => request,
            Ok(Line::Event(event)) => panic!("read as an event: {event:?}"),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn every_servers_json_log_is_read() {
        for (server, line) in [
            (
                "nginx",
                r#"{"time_local":"17/May/2015:10:05:03 +0000","request":"GET /users/7?x HTTP/1.1","status":"502","request_time":"0.250","request_id":"r1"}"#,
            ),
            (
                "nginx by single fields",
                r#"{"time_iso8601":"2015-05-17T12:05:03+02:00","request_method":"GET","request_uri":"/users/7?x","status":502,"request_time":0.250,"request_id":"r1"}"#,
            ),
            (
                "nginx msec",
                r#"{"msec":"1431857103.000","request_method":"GET","uri":"/users/7","status":"502","request_time":"0.250","request_id":"r1"}"#,
            ),
            (
                "caddy",
                r#"{"level":"info","ts":1431857103.0,"logger":"http.log.access","request":{"method":"GET","uri":"/users/7?x","headers":{}},"status":502,"duration":0.25,"request_id":"r1"}"#,
            ),
            (
                "envoy",
                r#"{"start_time":"2015-05-17T10:05:03.000Z","method":"GET","path":"/users/7","response_code":502,"duration_ms":250,"request_id":"r1"}"#,
            ),
            (
                "traefik",
                r#"{"StartUTC":"2015-05-17T10:05:03Z","RequestMethod":"GET","RequestPath":"/users/7","DownstreamStatus":502,"Duration":250000000,"request_id":"r1"}"#,
            ),
            (
                "elastic common schema",
                r#"{"@timestamp":"2015-05-17T10:05:03Z","http":{"request":{"method":"GET","id":"r1"},"response":{"status_code":502}},"url":{"path":"/users/7"},"event":{"duration":250000000}}"#,
            ),
            (
                "ecs with dots",
                r#"{"@timestamp":"2015-05-17T10:05:03Z","http.request.method":"GET","http.request.id":"r1","http.response.status_code":502,"url.path":"/users/7","event.duration":250000000}"#,
            ),
            (
                "units of their own",
                r#"{"time":1431857103000,"method":"GET","url":"http://h/users/7","status":502,"latency":"250ms","requestId":"r1"}"#,
            ),
        ] {
            let request = request(line);
            assert_eq!(request.ended, "2015-05-17T10:05:03Z".parse().unwrap(), "{server}");
            assert_eq!(request.method.as_deref(), Some("GET"), "{server}");
            assert_eq!(request.endpoint, "/users/:id", "{server}");
            assert_eq!(request.status_code, 502, "{server}");
            assert_eq!(request.latency_ms, Some(250.0), "{server}");
            assert_eq!(request.request_id.as_deref(), Some("r1"), "{server}");
        }
    }

    #[test]
    fn a_latency_whose_unit_is_not_known_is_none() {
        for latency in [r#""duration":12"#, r#""latency":12.5"#, r#""response_time":"12""#, r#""request_time":"-""#] {
            let line = format!(r#"{{"time":1431857103,"path":"/","status":200,{latency}}}"#);
            assert_eq!(request(&line).latency_ms, None, "{latency}");
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (line, says) in [
            ("{", "not JSON"),
            ("{}", "the time"),
            (r#"{"time":"2015-05-17T10:05:03Z"}"#, "the status"),
            (r#"{"time":"2015-05-17T10:05:03Z","status":200}"#, "the path"),
            (r#"{"time":"noon","status":200,"path":"/"}"#, "noon"),
            (r#"{"time":"2015-05-17T10:05:03Z","status":"ok","path":"/"}"#, "ok"),
            (r#"{"time":[1],"status":200,"path":"/"}"#, "[1]"),
        ] {
            let Err(error) = parse(line) else { panic!("read: {line}") };
            assert!(error.to_string().contains(says), "{line}: {error}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let line = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(matches!(parse(&line), Err(Unreadable::NotJson(_))));
    }
}
