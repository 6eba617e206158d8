//! A line of a log, and the request event it represents.

mod path;

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::Timestamp;
use serde::de::IgnoredAny;
use tidewatch_accesslog::{self as accesslog, Latency, Parser, Request, Status};
use tidewatch_contract::{Event, Rejection, RequestEvent};

/// Maximum length of a line in bytes, which is also that of an event; longer lines are not read.
pub(super) const MAX_LINE_BYTES: usize = tidewatch_contract::MAX_EVENT_BYTES;

/// Facts about the requests that a log doesn't state.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// Name of the log, for request ids such as `access:17`.
    pub log: String,
    /// Service of a line that doesn't name one.
    pub service: String,
    /// Region of a line that doesn't name one.
    pub region: String,
    /// Whether the user chose `service`, so that it overrides the service in a RequestEvent.
    pub service_given: bool,
    /// Whether the user chose `region`, so that it overrides the region in a RequestEvent.
    pub region_given: bool,
}

/// The reason why a line isn't a request.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Unreadable {
    /// The line is longer than [`MAX_LINE_BYTES`].
    #[error("longer than {} KiB", MAX_LINE_BYTES / 1024)]
    TooLong,
    /// The line isn't the log entry of a request.
    #[error(transparent)]
    Log(#[from] accesslog::Unreadable),
    /// The line has no time, which means now in a log that is followed, but nothing in a file.
    #[error("no timestamp; on stdin, it would count as now")]
    NoTime,
    /// The event would be rejected by the processor.
    #[error("{0}")]
    Rejected(#[from] Rejection),
}

/// A line that represents a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parsed {
    /// The request.
    pub event: RequestEvent,
    /// Whether it was logged without a status code because the client was gone.
    pub client_gone: bool,
}

/// nginx's status code for a client that closed the connection before the response. Other servers log 0, 000 or 999 in
/// this case, which are not valid HTTP codes, nor valid in a RequestEvent.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Fields that only a RequestEvent has all of; other formats use the names of its other required fields too.
const EVENT_FIELDS: [&str; 5] = ["status_code", "service", "region", "endpoint", "timestamp"];

/// A reader of one log's lines, in order.
#[derive(Debug)]
pub(super) struct LineReader {
    origin: Origin,
    parser: Parser,
}

impl LineReader {
    /// Returns a reader for a log from `origin` that `parser` understands.
    pub(super) fn new(origin: Origin, parser: Parser) -> Self {
        Self { origin, parser }
    }

    /// Reads line `number` (from 1). Returns `None` if the line isn't about a request. A line without a time happened
    /// at `now`, if that is given.
    pub(super) fn read(
        &mut self,
        line: &[u8],
        number: u64,
        now: Option<Timestamp>,
    ) -> Result<Option<Parsed>, Unreadable> {
        if line.len() > MAX_LINE_BYTES {
            return Err(Unreadable::TooLong);
        }
        // Servers log what clients send, whatever its encoding: a stray byte in a user agent must not lose the request.
        let text = String::from_utf8_lossy(line);
        if is_event(&text) {
            let event = RequestEvent::parse(text.trim().as_bytes())?;
            return Ok(Some(Parsed { event: self.placed(event), client_gone: false }));
        }
        let Some(request) = self.parser.read(&text)? else { return Ok(None) };
        let ended = request.logged_at.or(now).ok_or(Unreadable::NoTime)?;
        let client_gone = request.status == Status::ClientGone;
        let event = self.event(request, ended, number);
        event.validate()?;
        Ok(Some(Parsed { event, client_gone }))
    }

    fn event(&self, request: Request, ended: Timestamp, number: u64) -> RequestEvent {
        RequestEvent {
            timestamp: ended,
            service: self.origin.service.clone(),
            region: self.origin.region.clone(),
            // Something that isn't a request line (such as a TLS handshake on a plain port) was still answered, so it
            // counts, under a single name.
            endpoint: request.target.map_or_else(|| "(malformed)".to_owned(), |target| path::template(&target)),
            status_code: match request.status {
                Status::Code(code) => code,
                Status::ClientGone => CLIENT_CLOSED_REQUEST,
            },
            request_id: request.request_id.unwrap_or_else(|| format!("{}:{number}", self.origin.log)),
            latency_ms: request.latency.map(Latency::as_ms),
            method: request.method,
            error: None,
            trace_id: request.trace_id,
            span_id: request.span_id,
        }
    }

    /// Overrides the service and region of a RequestEvent if the user chose others.
    fn placed(&self, mut event: RequestEvent) -> RequestEvent {
        if self.origin.service_given {
            event.service.clone_from(&self.origin.service);
        }
        if self.origin.region_given {
            event.region.clone_from(&self.origin.region);
        }
        event
    }
}

/// Returns whether the line is meant to be a RequestEvent, so that a wrong field is reported by its name.
fn is_event(text: &str) -> bool {
    if !EVENT_FIELDS.iter().all(|name| text.contains(name)) {
        return false;
    }
    serde_json::from_str::<HashMap<Cow<'_, str>, IgnoredAny>>(text)
        .is_ok_and(|object| EVENT_FIELDS.iter().all(|name| object.contains_key(*name)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidewatch_accesslog::Hints;

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

    fn reader(origin: Origin) -> LineReader {
        LineReader::new(origin, Parser::new(Hints::default()))
    }

    fn parse(line: &[u8]) -> Result<Option<Parsed>, Unreadable> {
        reader(origin()).read(line, 17, None)
    }

    fn read(line: &str) -> Parsed {
        parse(line.as_bytes()).unwrap().unwrap()
    }

    const EVENT: &str = concat!(
        r#"{"timestamp":"2026-05-17T10:05:03Z","service":"auth","region":"eu-west-1","endpoint":"/login","#,
        r#""status_code":201,"request_id":"r-1","latency_ms":12.5}"#
    );
    const UVICORN: &str = r#"INFO:     127.0.0.1:50000 - "GET /menus HTTP/1.1" 200 OK"#;

    #[test]
    fn a_log_line_gets_service_region_and_an_id_that_leads_back_to_it() {
        let event = read(r#"10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET /users/42?tab=1 HTTP/1.1" 200 12"#).event;
        assert_eq!((event.service.as_str(), event.region.as_str()), ("shop", "local"));
        assert_eq!(event.request_id, "access:17");
        assert_eq!(event.endpoint, "/users/:id");
    }

    #[test]
    fn a_request_event_keeps_its_own_service_unless_another_is_given() {
        assert_eq!(read(EVENT).event.service, "auth");
        let asked = Origin { service_given: true, ..origin() };
        let event = reader(asked).read(EVENT.as_bytes(), 1, None).unwrap().unwrap().event;
        assert_eq!((event.service.as_str(), event.region.as_str()), ("shop", "eu-west-1"));
    }

    #[test]
    fn a_request_event_with_a_bad_field_is_unreadable_with_the_field_named() {
        let bad = EVENT.replace("12.5", "-1");
        let error = parse(bad.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("latency_ms"), "{error}");
    }

    #[test]
    fn a_request_whose_client_left_is_sent_with_nginxs_status_and_counted() {
        for status in ["000", "0", "999"] {
            let line = format!(r#"10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" {status} 0"#);
            let parsed = read(&line);
            assert_eq!((parsed.event.status_code, parsed.client_gone), (499, true), "{status}");
        }
        let parsed = read(r#"10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 499 0"#);
        assert_eq!((parsed.event.status_code, parsed.client_gone), (499, false));
    }

    #[test]
    fn a_line_without_a_time_counts_as_now_in_a_followed_log_and_is_unreadable_in_a_file() {
        assert_eq!(parse(UVICORN.as_bytes()), Err(Unreadable::NoTime));
        let now = Timestamp::UNIX_EPOCH;
        let parsed = reader(origin()).read(UVICORN.as_bytes(), 1, Some(now)).unwrap().unwrap();
        assert_eq!(parsed.event.timestamp, now);
        let own = br#"10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12"#;
        let parsed = reader(origin()).read(own, 1, Some(now)).unwrap().unwrap();
        assert_eq!(parsed.event.timestamp, "2015-05-17T10:05:03Z".parse().unwrap());
    }

    #[test]
    fn blank_lines_are_neither_requests_nor_errors() {
        for blank in ["", " \t", "\r", "\u{feff}", "\0\0", "#Version: 1.0"] {
            assert_eq!(parse(blank.as_bytes()), Ok(None), "{blank:?}");
        }
    }

    #[test]
    fn invalid_utf8_in_a_user_agent_loses_no_request() {
        let mut line = br#"10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12 "-" ""#.to_vec();
        line.extend([0xff, 0xfe, b'"']);
        assert!(parse(&line).unwrap().is_some());
    }

    #[test]
    fn a_line_over_the_limit_is_unreadable() {
        assert_eq!(parse(&vec![b'a'; MAX_LINE_BYTES + 1]), Err(Unreadable::TooLong));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(line in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&line);
        }

        #[test]
        fn a_damaged_line_never_panics_and_what_is_read_is_valid(
            which in 0usize..4,
            cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        ) {
            let good = [
                r#"10.0.0.1 - bob [17/May/2015:10:05:03 +0200] "GET /a/1?x HTTP/1.1" 200 12 "-" "curl \"8\"" 0.012"#,
                EVENT,
                concat!(
                    r#"{"time_local":"17/May/2015:10:05:03 +0000","request":"GET / HTTP/1.1","#,
                    r#""status":"200","request_time":"0.004"}"#
                ),
                r#"{"ts":1431857103.5,"request":{"method":"GET","uri":"/x"},"status":200,"duration":0.001}"#,
            ][which];
            let mut line = good.as_bytes().to_vec();
            for (at, byte) in cuts {
                let at = at.index(line.len());
                line[at] = byte;
            }
            if let Ok(Some(parsed)) = parse(&line) {
                prop_assert!(parsed.event.validate().is_ok());
            }
        }
    }
}
