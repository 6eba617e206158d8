//! The headers of records: what the stream-processor adds to a dead letter, and the mark of a replayed record.

/// Name and value of the header of a record that `tidewatch replay` read from an old log: its time is not the time at
/// which it was sent.
pub const REPLAY: (&str, &[u8]) = ("source", b"replay");

const REASON: &str = "dlq.reason";
const DETAIL: &str = "dlq.detail";
const TOPIC: &str = "dlq.topic";
const PARTITION: &str = "dlq.partition";
const OFFSET: &str = "dlq.offset";
const CONSUMER: &str = "dlq.consumer";
const TRUNCATED: &str = "dlq.truncated";
const SHA256: &str = "dlq.sha256";

/// A header: its name and its value.
pub type Header = (String, Vec<u8>);

/// The headers of a dead letter, in addition to those of the original record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterHeaders {
    /// The reason, as spelled by [`crate::Rejection::code`].
    pub reason: String,
    /// The reason, in one sentence.
    pub detail: String,
    /// The topic that the original record was in.
    pub topic: String,
    /// The partition that it was in.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The consumer group that rejected it.
    pub consumer: String,
}

impl DeadLetterHeaders {
    /// Returns the headers to write.
    pub fn to_headers(&self) -> [Header; 6] {
        [
            (REASON, self.reason.clone()),
            (DETAIL, self.detail.clone()),
            (TOPIC, self.topic.clone()),
            (PARTITION, self.partition.to_string()),
            (OFFSET, self.offset.to_string()),
            (CONSUMER, self.consumer.clone()),
        ]
        .map(header)
    }

    /// Reads the headers of a record; `value` returns the value of the header with a name. Returns `None` if one of
    /// them is missing or malformed that says why and where the record was rejected.
    pub fn read<'a>(value: impl Fn(&str) -> Option<&'a [u8]>) -> Option<Self> {
        let text = |name: &str| value(name).map(|value| String::from_utf8_lossy(value).into_owned());
        Some(Self {
            reason: Self::read_reason(&value)?,
            detail: text(DETAIL).unwrap_or_default(),
            topic: text(TOPIC)?,
            partition: text(PARTITION)?.parse().ok()?,
            offset: text(OFFSET)?.parse().ok()?,
            consumer: text(CONSUMER).unwrap_or_default(),
        })
    }

    /// Reads only the reason, which a dead letter of another program may have without the rest.
    pub fn read_reason<'a>(value: impl Fn(&str) -> Option<&'a [u8]>) -> Option<String> {
        value(REASON).map(|reason| String::from_utf8_lossy(reason).into_owned())
    }
}

/// The headers of a dead letter that is too large for its topic, and therefore keeps only the beginning of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truncation {
    /// The original size in bytes.
    pub bytes: usize,
    /// SHA-256 of the original bytes, in hexadecimal.
    pub sha256: String,
}

impl Truncation {
    /// Returns the headers to write.
    pub fn to_headers(&self) -> [Header; 2] {
        [(TRUNCATED, self.bytes.to_string()), (SHA256, self.sha256.clone())].map(header)
    }

    /// Reads the headers of a record as [`DeadLetterHeaders::read`] does. Returns `None` if the record is whole.
    pub fn read<'a>(value: impl Fn(&str) -> Option<&'a [u8]>) -> Option<Self> {
        let text = |name: &str| value(name).map(|value| String::from_utf8_lossy(value).into_owned());
        Some(Self { bytes: text(TRUNCATED)?.parse().ok()?, sha256: text(SHA256)? })
    }
}

fn header((name, value): (&str, String)) -> Header {
    (name.to_owned(), value.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(headers: &'a [Header], name: &str) -> Option<&'a [u8]> {
        headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    #[test]
    fn a_dead_letters_headers_are_written_as_before_and_read_again() {
        let headers = DeadLetterHeaders {
            reason: "not_json".into(),
            detail: "not JSON: eof".into(),
            topic: "metrics.raw".into(),
            partition: 7,
            offset: 42,
            consumer: "stream-processor".into(),
        };
        let written = headers.to_headers();
        let text = |(name, value): &Header| format!("{name}={}", String::from_utf8(value.clone()).unwrap());
        let expected = [
            "dlq.reason=not_json",
            "dlq.detail=not JSON: eof",
            "dlq.topic=metrics.raw",
            "dlq.partition=7",
            "dlq.offset=42",
            "dlq.consumer=stream-processor",
        ];
        assert_eq!(written.each_ref().map(text), expected);
        assert_eq!(DeadLetterHeaders::read(|name| value(&written, name)), Some(headers));

        let truncation = Truncation { bytes: 100_000, sha256: "c0ffee".into() };
        let written = truncation.to_headers();
        assert_eq!(written.each_ref().map(text), ["dlq.truncated=100000", "dlq.sha256=c0ffee"]);
        assert_eq!(Truncation::read(|name| value(&written, name)), Some(truncation));
    }

    #[test]
    fn a_record_without_place_or_reason_is_not_a_dead_letter() {
        let written = DeadLetterHeaders::default().to_headers();
        for missing in [REASON, TOPIC, PARTITION, OFFSET] {
            assert_eq!(DeadLetterHeaders::read(|name| value(&written, name).filter(|_| name != missing)), None);
        }
        let bare = DeadLetterHeaders::read(|name| value(&written, name).filter(|_| name != DETAIL && name != CONSUMER));
        assert_eq!(bare, Some(DeadLetterHeaders::default()));
        assert_eq!(Truncation::read(|name| value(&written, name)), None);
    }
}
