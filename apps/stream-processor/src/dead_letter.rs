//! A record that can't be evaluated, as written to the dead-letter queue: its original bytes and the reason.

use sha2::{Digest, Sha256};
use tidewatch_contract::Rejection;
use tidewatch_kafka::topics::METRICS_RAW_DLQ;
use tidewatch_kafka::{Message, Record};

/// Number of bytes kept of a record that the dead-letter topic itself refuses; divided by four at each further refusal.
const TRUNCATED_BYTES: usize = 64 * 1024;
/// The headers of a truncated record: its original size and its SHA-256.
const TRUNCATED: &str = "dlq.truncated";
const SHA256: &str = "dlq.sha256";

/// A record on its way to the dead-letter queue.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetter {
    key: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    refusals: u32,
}

impl DeadLetter {
    /// Creates the dead letter of `record`, which the consumer group `group` refused because of `rejection`.
    pub(crate) fn new(record: Record, rejection: &Rejection, group: &str) -> Self {
        let mut headers = record.headers;
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value.into_bytes()));
        add("dlq.reason", rejection.code().to_owned());
        add("dlq.detail", rejection.to_string());
        add("dlq.topic", record.topic);
        add("dlq.partition", record.partition.to_string());
        add("dlq.offset", record.offset.to_string());
        add("dlq.consumer", group.to_owned());
        let payload = (!record.tombstone).then_some(record.payload);
        Self { key: record.key, payload, headers, refusals: 0 }
    }

    /// Calls `write` with the message.
    pub(crate) fn with_message<T>(&self, write: impl FnOnce(Message<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        write(Message {
            topic: METRICS_RAW_DLQ.name,
            partition: None,
            key: self.key.as_deref(),
            payload: self.payload.as_deref(),
            schema: None,
            headers: &headers,
        })
    }

    /// Returns the size of the payload, key and headers in bytes.
    pub(crate) fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        [&self.key, &self.payload].into_iter().flatten().map(Vec::len).sum::<usize>() + headers
    }

    /// Truncates the record, which is too large for the dead-letter topic. Its SHA-256 identifies the original. A topic
    /// may accept less than the first cut leaves, and the batch may have been too large rather than this record, so it
    /// is truncated in steps.
    pub(crate) fn truncate(&mut self) {
        let keep = TRUNCATED_BYTES >> (2 * self.refusals).min(usize::BITS - 1);
        self.refusals += 1;
        let Some(payload) = &mut self.payload else { return };
        if payload.len() <= keep {
            return;
        }
        if !self.headers.iter().any(|(name, _)| name == TRUNCATED) {
            let digest: String = Sha256::digest(&payload).iter().map(|byte| format!("{byte:02x}")).collect();
            self.headers.push((TRUNCATED.to_owned(), payload.len().to_string().into_bytes()));
            self.headers.push((SHA256.to_owned(), digest.into_bytes()));
        }
        payload.truncate(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: usize) -> DeadLetter {
        let record = Record {
            topic: "metrics.raw".into(),
            partition: 7,
            offset: 42,
            key: Some(b"user-service".to_vec()),
            payload: vec![b'x'; bytes],
            tombstone: false,
            timestamp_ms: None,
            timed_by_broker: true,
            headers: vec![("source".into(), b"replay".to_vec())],
        };
        DeadLetter::new(record, &Rejection::TooLarge { bytes }, "stream-processor")
    }

    fn header(letter: &DeadLetter, name: &str) -> Option<String> {
        let value = letter.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        value.map(|value| String::from_utf8(value).unwrap())
    }

    #[test]
    fn it_keeps_the_bytes_and_says_where_they_were_and_why() {
        let letter = refused(3);
        assert_eq!(letter.payload.as_deref(), Some(&b"xxx"[..]));
        for (name, value) in [
            ("source", "replay"),
            ("dlq.reason", "too_large"),
            ("dlq.topic", "metrics.raw"),
            ("dlq.partition", "7"),
            ("dlq.offset", "42"),
            ("dlq.consumer", "stream-processor"),
        ] {
            assert_eq!(header(&letter, name).as_deref(), Some(value), "{name}");
        }
    }

    #[test]
    fn what_the_queue_refuses_is_shortened_and_told_by_the_hash_of_the_whole() {
        let mut letter = refused(TRUNCATED_BYTES + 1);
        letter.truncate();
        assert_eq!(letter.payload.as_ref().unwrap().len(), TRUNCATED_BYTES);
        let whole = header(&letter, SHA256).unwrap();
        assert_eq!(whole.len(), 64);
        letter.truncate();
        assert_eq!(letter.payload.as_ref().unwrap().len(), TRUNCATED_BYTES / 4);
        assert_eq!(header(&letter, TRUNCATED).unwrap(), (TRUNCATED_BYTES + 1).to_string());
        assert_eq!(header(&letter, SHA256).unwrap(), whole);
        assert_eq!(letter.headers.iter().filter(|(name, _)| name == TRUNCATED).count(), 1);
    }

    #[test]
    fn what_is_refused_again_and_again_ends_without_its_bytes() {
        let mut letter = refused(TRUNCATED_BYTES + 1);
        for _ in 0..100 {
            letter.truncate();
        }
        assert_eq!(letter.payload.as_deref(), Some(&b""[..]));
    }
}
