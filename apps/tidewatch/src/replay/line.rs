//! One line of a log: which of the known formats it has, and the request event it stands for.

mod clf;
mod field;
mod json;
mod path;
mod time;

use jiff::Timestamp;
use tidewatch_events::{Event, Rejection, RequestEvent};

/// Lines longer than this, in bytes, are not read: no event may be longer either.
pub(super) const MAX_LINE_BYTES: usize = tidewatch_events::MAX_EVENT_BYTES;

/// What a log doesn't say about its requests.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// Name of the log, for request ids such as `access:17`.
    pub log: String,
    /// Service that a line without one belongs to.
    pub service: String,
    /// Region that a line without one belongs to.
    pub region: String,
    /// Whether `service` was asked for, and so overrules what a RequestEvent says itself.
    pub service_given: bool,
    /// The same for `region`.
    pub region_given: bool,
}

/// Why a line is no request.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Unreadable {
    /// The line is longer than [`MAX_LINE_BYTES`].
    #[error("longer than {} KiB", MAX_LINE_BYTES / 1024)]
    TooLong,
    /// Neither JSON nor an access log's shape.
    #[error("neither an access log line nor a JSON object")]
    UnknownFormat,
    /// It starts like a JSON object and is none.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// A JSON object without one of the fields that a request needs.
    #[error("no field that says the {0}")]
    Missing(&'static str),
    /// A field that can't be understood.
    #[error("{what} `{text}` is not understood")]
    Field {
        /// Which part of the line.
        what: &'static str,
        /// The start of its text.
        text: String,
    },
    /// An event that the processor would refuse.
    #[error("{0}")]
    Rejected(#[from] Rejection),
}

impl Unreadable {
    fn field(what: &'static str, text: &str) -> Self {
        Self::Field { what, text: text.chars().take(40).collect() }
    }
}

/// What one line of an access log says about a request.
#[derive(Debug, Clone, PartialEq)]
struct Request {
    ended: Timestamp,
    method: Option<String>,
    endpoint: String,
    status_code: u16,
    latency_ms: Option<f64>,
    request_id: Option<String>,
    trace_id: Option<String>,
    span_id: Option<String>,
}

/// Reads line `number` (from 1). `None` is a blank line.
pub(super) fn parse(line: &[u8], number: u64, origin: &Origin) -> Result<Option<RequestEvent>, Unreadable> {
    if line.len() > MAX_LINE_BYTES {
        return Err(Unreadable::TooLong);
    }
    // Servers log what clients send, whatever its encoding: a stray byte in a user agent loses no request.
    let text = String::from_utf8_lossy(line);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Ok(None);
    }
    let request = if text.starts_with('{') {
        match json::parse(text)? {
            json::Line::Event(event) => return Ok(Some(placed(*event, origin))),
            json::Line::Request(request) => request,
        }
    } else {
        clf::parse(text)?
    };
    let event = RequestEvent {
        timestamp: request.ended,
        service: origin.service.clone(),
        region: origin.region.clone(),
        endpoint: request.endpoint,
        status_code: request.status_code,
        request_id: request.request_id.unwrap_or_else(|| format!("{}:{number}", origin.log)),
        latency_ms: request.latency_ms,
        method: request.method,
        error: None,
        trace_id: request.trace_id,
        span_id: request.span_id,
    };
    event.validate()?;
    Ok(Some(event))
}

/// A RequestEvent keeps its own service and region unless others were asked for.
fn placed(mut event: RequestEvent, origin: &Origin) -> RequestEvent {
    if origin.service_given {
        event.service.clone_from(&origin.service);
    }
    if origin.region_given {
        event.region.clone_from(&origin.region);
    }
    event
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origin() -> Origin {
        Origin {
            log: "access".to_owned(),
            service: "shop".to_owned(),
            region: "local".to_owned(),
            service_given: false,
            region_given: false,
        }
    }

    fn read(line: &str) -> RequestEvent {
        parse(line.as_bytes(), 17, &origin()).unwrap().unwrap()
    }

    const EVENT: &str = r#"{"timestamp":"2026-05-17T10:05:03Z","service":"auth","region":"eu-west-1","endpoint":"/login","status_code":201,"request_id":"r-1","latency_ms":12.5}"#;

    #[test]
    fn a_log_line_gets_service_region_and_an_id_that_leads_back_to_it() {
        let event = read(r#"10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET /users/42?tab=1 HTTP/1.1" 200 12"#);
        assert_eq!((event.service.as_str(), event.region.as_str()), ("shop", "local"));
        assert_eq!(event.request_id, "access:17");
        assert_eq!(event.endpoint, "/users/:id");
    }

    #[test]
    fn a_request_event_keeps_its_own_service_unless_another_was_asked_for() {
        assert_eq!(read(EVENT).service, "auth");
        let asked = Origin { service_given: true, ..origin() };
        let event = parse(EVENT.as_bytes(), 1, &asked).unwrap().unwrap();
        assert_eq!((event.service.as_str(), event.region.as_str()), ("shop", "eu-west-1"));
    }

    #[test]
    fn a_request_event_with_a_bad_field_is_unreadable_with_the_field_named() {
        let bad = EVENT.replace("12.5", "-1");
        let error = parse(bad.as_bytes(), 1, &origin()).unwrap_err();
        assert!(error.to_string().contains("latency_ms"), "{error}");
    }

    #[test]
    fn blank_lines_are_no_requests_and_no_errors() {
        for blank in ["", " \t", "\r", "\u{feff}"] {
            assert_eq!(parse(blank.as_bytes(), 1, &origin()), Ok(None), "{blank:?}");
        }
    }

    #[test]
    fn invalid_utf8_in_a_user_agent_loses_no_request() {
        let mut line = br#"10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12 "-" ""#.to_vec();
        line.extend([0xff, 0xfe, b'"']);
        assert!(parse(&line, 1, &origin()).unwrap().is_some());
    }

    #[test]
    fn a_line_over_the_limit_is_unreadable() {
        assert_eq!(parse(&vec![b'a'; MAX_LINE_BYTES + 1], 1, &origin()), Err(Unreadable::TooLong));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(line in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&line, 1, &origin());
        }

        #[test]
        fn a_damaged_line_never_panics_and_what_is_read_is_valid(
            which in 0usize..4,
            cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        ) {
            let good = [
                r#"10.0.0.1 - bob [17/May/2015:10:05:03 +0200] "GET /a/1?x HTTP/1.1" 200 12 "-" "curl \"8\"" 0.012"#,
                EVENT,
                r#"{"time_local":"17/May/2015:10:05:03 +0000","request":"GET / HTTP/1.1","status":"200","request_time":"0.004"}"#,
                r#"{"ts":1431857103.5,"request":{"method":"GET","uri":"/x"},"status":200,"duration":0.001}"#,
            ][which];
            let mut line = good.as_bytes().to_vec();
            for (at, byte) in cuts {
                let at = at.index(line.len());
                line[at] = byte;
            }
            if let Ok(Some(event)) = parse(&line, 1, &origin()) {
                prop_assert!(event.validate().is_ok());
            }
        }
    }
}
