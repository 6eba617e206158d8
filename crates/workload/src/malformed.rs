//! The kinds of malformed records that the malformed share cycles through, each made from a valid event.

use jiff::Timestamp;
use serde_json::{Value, json};
use tidewatch_contract::{Event, RequestEvent};

/// A kind of malformed record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Malformation {
    /// JSON cut off in the middle.
    NotJson,
    /// A required field is missing.
    MissingField,
    /// The status code is a word.
    WrongType,
    /// `NaN`, as careless encoders write it.
    NotANumber,
    /// A negative latency: a request that ended before it began.
    NegativeLatency,
    /// The time of a clock that was never set.
    Year1970,
    /// The time of a clock that is far ahead.
    Year2100,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// No bytes at all.
    Empty,
    /// Brackets nested far deeper than in any event.
    DeepNesting,
}

impl Malformation {
    /// Every kind, in the order in which they are used.
    pub const ALL: [Self; 10] = [
        Self::NotJson,
        Self::MissingField,
        Self::WrongType,
        Self::NotANumber,
        Self::NegativeLatency,
        Self::Year1970,
        Self::Year2100,
        Self::InvalidUtf8,
        Self::Empty,
        Self::DeepNesting,
    ];

    /// Returns the event, made invalid in this way.
    pub fn spoil(self, event: &RequestEvent) -> Vec<u8> {
        match self {
            Self::NotJson => {
                let mut bytes = event.to_json();
                bytes.truncate(bytes.len() / 2);
                bytes
            }
            Self::MissingField => changed(event, |fields| drop(fields.remove("endpoint"))),
            Self::WrongType => changed(event, |fields| drop(fields.insert("status_code".into(), json!("two hundred")))),
            Self::NotANumber => {
                // JSON can't express NaN, so the text is written by hand.
                let mut bytes = br#"{"latency_ms":NaN,"#.to_vec();
                bytes.extend_from_slice(&event.to_json()[1..]);
                bytes
            }
            Self::NegativeLatency => changed(event, |fields| drop(fields.insert("latency_ms".into(), json!(-12.5)))),
            Self::Year1970 => at(event, Timestamp::constant(1, 0)),
            Self::Year2100 => at(event, Timestamp::constant(4_102_444_800, 0)),
            Self::InvalidUtf8 => {
                let mut bytes = event.to_json();
                let last = bytes.len() - 1;
                bytes.splice(last..last, *b",\"user_agent\":\"\xff\xfe\"");
                bytes
            }
            Self::Empty => Vec::new(),
            Self::DeepNesting => vec![b'['; 10_000],
        }
    }
}

fn changed(event: &RequestEvent, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Vec<u8> {
    let mut value = json!(event);
    if let Some(fields) = value.as_object_mut() {
        change(fields);
    }
    value.to_string().into_bytes()
}

fn at(event: &RequestEvent, timestamp: Timestamp) -> Vec<u8> {
    RequestEvent { timestamp, ..event.clone() }.to_json()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidewatch_contract::check_time;

    fn event() -> RequestEvent {
        RequestEvent {
            timestamp: Timestamp::constant(1_800_000_000, 0),
            service: "payment-service".into(),
            region: "eu-west-1".into(),
            endpoint: "/payments".into(),
            status_code: 201,
            request_id: "r-1".into(),
            latency_ms: Some(61.5),
            method: Some("POST".into()),
            error: None,
            trace_id: None,
            span_id: None,
        }
    }

    #[test]
    fn every_kind_is_rejected_for_its_own_reason() {
        let reason = |kind: Malformation| {
            RequestEvent::parse(&kind.spoil(&event()))
                .and_then(|parsed| check_time(parsed.timestamp, event().timestamp))
                .expect_err("accepted")
                .code()
        };
        let reasons: Vec<_> = Malformation::ALL.into_iter().map(reason).collect();
        assert_eq!(
            reasons,
            [
                "not_json",
                "invalid_field",
                "invalid_field",
                "not_json",
                "invalid_field",
                "too_old",
                "from_future",
                "not_json",
                "not_json",
                "invalid_field"
            ]
        );
    }
}
