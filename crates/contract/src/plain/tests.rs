//! Text read without serde gives the same result as with serde.

use proptest::prelude::*;

use super::*;
use crate::{Event, RequestEvent};

const EVENT: &str = concat!(
    r#"{"timestamp":"2026-11-21T12:00:00.123456Z","service":"payment-service","region":"us-east-1","#,
    r#""endpoint":"/größe/{id}","status_code":200,"request_id":"0af7651916cd43dd8448eb211c80319c","#,
    r#""latency_ms":61.237,"method":"GET","error":false,"#,
    r#""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7"}"#,
);

/// Reads the text both ways and compares the results. Returns whether it was plain.
fn agrees(text: &str) -> bool {
    let Some(plain) = read(text) else { return false };
    let by_serde: RequestView<'_> = serde_json::from_str(text).unwrap();
    assert_eq!(plain, by_serde, "{text}");
    assert_eq!(plain.latency_ms.map(f64::to_bits), by_serde.latency_ms.map(f64::to_bits), "{text}");
    true
}

#[test]
fn an_event_as_producers_write_it_is_plain() {
    assert!(agrees(EVENT));
    assert!(agrees(&EVENT.replace(',', " ,\r\n\t").replace("\":", "\" : ")));
    for value in ["\"GET\"", "61.237", "false", "\"00f067aa0ba902b7\""] {
        assert!(agrees(&EVENT.replace(value, "null")), "{value}");
    }
    for name in ["method", "error", "span_id"] {
        let unknown = EVENT.replace(&format!("\"{name}\""), "\"other\"");
        assert_eq!(agrees(&unknown), name != "error");
    }
    let parsed = RequestEvent::parse(EVENT.as_bytes()).unwrap();
    assert!(agrees(std::str::from_utf8(&parsed.to_json()).unwrap()));
}

#[test]
fn everything_else_is_left_to_serde() {
    let changes = [
        ("payment-service", "payment\\u002dservice"),
        ("payment-service", "payment\nservice"),
        ("\"GET\"", "nul"),
        ("\"payment-service\"", "null"),
        ("200", "null"),
        ("\"span_id\"", "\"method\""),
        ("61.237", "-1.5"),
        ("61.237", "1e3"),
        ("61.237", "061.2"),
        ("61.237", "61."),
        ("61.237", ".5"),
        ("61.237", "0.1234567890123456"),
        ("61.237", "9007199254740993"),
        ("200", "200.0"),
        ("200", "65536"),
        ("200", "0200"),
        ("200", "\"200\""),
        ("false", "falsey"),
        ("12:00:00.123456Z", "12:00:60Z"),
        ("\"method\"", "\"service\""),
        ("\"GET\",", "null,\"method\":\"GET\","),
        ("\"GET\"", "\"GET\",\"other\":1"),
        ("\"service\":\"payment-service\",", ""),
        ("00f067aa0ba902b7\"}", "00f067aa0ba902b7\"} x"),
        ("00f067aa0ba902b7\"}", "00f067aa0ba902b7\",}"),
        ("00f067aa0ba902b7\"}", "00f067aa0ba902b7"),
    ];
    for (from, to) in changes {
        assert!(EVENT.contains(from) && !agrees(&EVENT.replacen(from, to, 1)), "{from} as {to}");
    }
    assert!(!agrees("[]") && !agrees("{}") && !agrees(""));
}

#[test]
fn text_ends_at_its_first_special_byte_wherever_that_is() {
    for (special, length) in ["\"", "\\", "\u{1f}", "\0"].into_iter().flat_map(|s| (0..40).map(move |n| (s, n))) {
        let text = format!("{}{special}{}", "é~ \u{7f}".repeat(9).get(..length).unwrap_or("12345"), "\"x\\".repeat(9));
        assert_eq!(
            text.bytes().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20)),
            Some(plain_length(text.as_bytes()))
        );
    }
}

proptest! {
    #[test]
    fn serde_reads_the_same_in_a_plain_event(
        edits in proptest::collection::vec((0..EVENT.len(), 0usize..4, r#"[ -~é\n"\\{}0-9.:,eTZ+-]{0,3}"#), 0..4),
    ) {
        let mut text: Vec<u8> = EVENT.bytes().collect();
        for (at, removed, added) in edits {
            let at = at.min(text.len());
            let until = (at + removed).min(text.len());
            text.splice(at..until, added.bytes());
        }
        if let Ok(text) = std::str::from_utf8(&text) {
            agrees(text);
        }
    }

    #[test]
    fn numbers_are_the_same_to_the_last_bit(latency in r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,14})?") {
        agrees(&EVENT.replacen("61.237", &latency, 1));
    }

    #[test]
    fn times_are_the_same(
        date in r"[0-9]{4}-(0[0-9]|1[0-3])-[0-3][0-9]", time in r"[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,10})?",
    ) {
        agrees(&EVENT.replacen("2026-11-21T12:00:00.123456", &format!("{date}T{time}"), 1));
    }
}
