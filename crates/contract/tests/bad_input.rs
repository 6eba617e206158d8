//! Any input is either a valid event or rejected with a reason.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;

use proptest::prelude::*;
use tidewatch_contract::{Event, MAX_EVENT_BYTES, RequestEvent, RequestView};

fn with(field: &str, value: &str) -> Vec<u8> {
    let mut fields = vec![
        ("timestamp", "\"2026-11-21T12:00:00Z\""),
        ("service", "\"user-service\""),
        ("region", "\"us-east-1\""),
        ("endpoint", "\"/users/{id}\""),
        ("status_code", "200"),
        ("request_id", "\"r-1\""),
        ("latency_ms", "12.5"),
    ];
    fields.retain(|(name, _)| *name != field);
    let mut members: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    if !value.is_empty() {
        members.push(format!("\"{field}\":{value}"));
    }
    format!("{{{}}}", members.join(",")).into_bytes()
}

fn code(bytes: &[u8]) -> &'static str {
    parse(bytes).unwrap_err().code()
}

#[test]
fn a_record_that_is_not_json_is_refused_as_such() {
    let nan = with("latency_ms", "NaN");
    let invalid_utf8 = b"{\"service\":\"\xff\"}".to_vec();
    let invalid_utf8_in_an_unknown_field =
        with("user_agent", "\"?\"").iter().map(|b| if *b == b'?' { 0xff } else { *b }).collect::<Vec<_>>();
    for bytes in [&b""[..], b"hello", b"{\"service\":", &nan, &invalid_utf8, &invalid_utf8_in_an_unknown_field] {
        assert_eq!(code(bytes), "not_json", "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn missing_fields_and_wrong_types_are_refused_and_named() {
    for field in ["timestamp", "service", "region", "endpoint", "status_code", "request_id"] {
        let rejection = RequestEvent::parse(&with(field, "")).unwrap_err();
        assert_eq!(rejection.code(), "invalid_field");
        assert!(rejection.to_string().contains(field), "{rejection}");
    }
    for (field, value) in [
        ("service", "7"),
        ("service", "\"\""),
        ("region", "\"\""),
        ("status_code", "\"200\""),
        ("status_code", "99"),
        ("status_code", "600"),
        ("status_code", "-200"),
        ("latency_ms", "-1"),
        ("latency_ms", "\"12\""),
        ("error", "\"yes\""),
        ("timestamp", "1700000000"),
        ("timestamp", "\"yesterday\""),
    ] {
        assert_eq!(code(&with(field, value)), "invalid_field", "{field}: {value}");
    }
}

#[test]
fn an_array_of_the_right_values_is_no_event() {
    let array =
        br#"["2026-11-21T12:00:00Z", "user-service", "us-east-1", "/", 200, "r-1", 12.5, "GET", false, "", ""]"#;
    assert_eq!(code(array), "invalid_field");
}

#[test]
fn an_event_over_the_size_is_refused_unread() {
    let padding = format!("\"{}\"", "x".repeat(MAX_EVENT_BYTES));
    assert_eq!(code(&with("note", &padding)), "too_large");
}

#[test]
fn nesting_without_end_is_refused_where_a_value_is_wanted_and_skipped_where_none_is() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_eq!(code(deep.as_bytes()), "invalid_field");
    assert!(RequestEvent::parse(&with("note", &deep)).is_ok(), "unknown fields are ignored");
}

#[test]
fn a_time_may_have_any_offset_and_none_means_utc() {
    let utc = RequestEvent::parse(&with("timestamp", "\"2026-11-21T12:00:00Z\"")).unwrap().timestamp;
    for same in
        ["2026-11-21T12:00:00", "2026-11-21T14:00:00+02:00", "2026-11-21 12:00:00.000", "2026-11-21T06:30:00-05:30"]
    {
        assert_eq!(RequestEvent::parse(&with("timestamp", &format!("\"{same}\""))).unwrap().timestamp, utc, "{same}");
    }
}

#[test]
fn an_absent_error_flag_follows_the_status_code() {
    let parse = |field, value| RequestEvent::parse(&with(field, value)).unwrap().is_error();
    assert!(!parse("status_code", "499"));
    assert!(parse("status_code", "500"));
    assert!(parse("error", "true"));
}

#[test]
fn a_view_borrows_the_records_text_and_copies_only_what_is_escaped() {
    let bytes = with("trace_id", r#""4bf92f35", "method": "G\u0045T""#);
    let view = RequestView::parse(&bytes).unwrap();
    assert!(matches!(view.service, Cow::Borrowed("user-service")));
    assert!(matches!(view.trace_id, Some(Cow::Borrowed("4bf92f35"))));
    assert_eq!(view.method, Some(Cow::Owned("GET".to_owned())));
}

/// Parses one event both ways, which must give the same result, even for rejections.
fn parse(bytes: &[u8]) -> Result<RequestEvent, tidewatch_contract::Rejection> {
    let event = RequestEvent::parse(bytes);
    assert_eq!(event.as_ref().map(RequestView::from).map_err(Clone::clone), RequestView::parse(bytes));
    event
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn a_broken_event_never_panics_and_what_is_accepted_survives_a_round_trip(
        cut in 0usize..200, insert in any::<u8>(), value in "[-+0-9eE.a-zA-Z\"\\[\\]{}:,]{0,12}",
    ) {
        let mut bytes = with("latency_ms", &value);
        let cut = cut.min(bytes.len());
        bytes.insert(cut, insert);
        if let Ok(event) = parse(&bytes) {
            prop_assert_eq!(parse(&event.to_json()).unwrap(), event);
        }
    }
}
