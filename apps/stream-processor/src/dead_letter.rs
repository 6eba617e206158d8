//! A record that can't be evaluated, as written to the dead-letter queue: its original bytes and the reason.

use sha2::{Digest, Sha256};
use tidewatch_contract::{DeadLetterHeaders, Header, Rejection, Truncation};
use tidewatch_kafka::topics::METRICS_RAW_DLQ;
use tidewatch_kafka::{Message, Record};

/// Number of bytes kept of a record that the dead-letter topic itself refuses; divided by four at each further refusal.
const TRUNCATED_BYTES: usize = 64 * 1024;

/// A record on its way to the dead-letter queue.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetter {
    key: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    headers: Vec<Header>,
    truncated: bool,
    refusals: u32,
}

impl DeadLetter {
    /// Creates the dead letter of `record`, which the consumer group `group` refused because of `rejection`.
    pub(crate) fn new(record: Record, rejection: &Rejection, group: &str) -> Self {
        // A letter that was truncated, sent again and refused again keeps the size and hash of its original bytes.
        let truncated = Truncation::read(|name| record.header(name)).is_some();
        let mut headers = record.headers;
        let added = DeadLetterHeaders {
            reason: rejection.code().to_owned(),
            detail: rejection.to_string(),
            topic: record.topic,
            partition: record.partition,
            offset: record.offset,
            consumer: group.to_owned(),
        };
        headers.extend(added.to_headers());
        let payload = (!record.tombstone).then_some(record.payload);
        Self { key: record.key, payload, headers, truncated, refusals: 0 }
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
        if !std::mem::replace(&mut self.truncated, true) {
            let sha256 = Sha256::digest(&payload).iter().map(|byte| format!("{byte:02x}")).collect();
            self.headers.extend(Truncation { bytes: payload.len(), sha256 }.to_headers());
        }
        payload.truncate(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidewatch_contract::REPLAY;
    use tidewatch_kafka::topics::METRICS_RAW;
    use tidewatch_testkit::record;

    fn refused(bytes: usize) -> DeadLetter {
        refused_with(bytes, vec![(REPLAY.0.to_owned(), REPLAY.1.to_owned())])
    }

    fn refused_with(bytes: usize, headers: Vec<Header>) -> DeadLetter {
        let record = Record {
            partition: 7,
            offset: 42,
            key: Some(b"user-service".to_vec()),
            payload: vec![b'x'; bytes],
            headers,
            ..record(&METRICS_RAW)
        };
        DeadLetter::new(record, &Rejection::TooLarge { bytes }, "stream-processor")
    }

    fn header<'a>(letter: &'a DeadLetter, name: &str) -> Option<&'a [u8]> {
        letter.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    fn truncation(letter: &DeadLetter) -> Option<Truncation> {
        Truncation::read(|name| header(letter, name))
    }

    #[test]
    fn a_dead_letter_keeps_the_bytes_their_position_and_the_reason() {
        let letter = refused(3);
        assert_eq!(letter.payload.as_deref(), Some(&b"xxx"[..]));
        assert_eq!(header(&letter, REPLAY.0), Some(REPLAY.1));
        let headers = DeadLetterHeaders::read(|name| header(&letter, name)).unwrap();
        assert_eq!((headers.reason.as_str(), headers.consumer.as_str()), ("too_large", "stream-processor"));
        assert_eq!((headers.topic.as_str(), headers.partition, headers.offset), ("metrics.raw", 7, 42));
        assert_eq!(truncation(&letter), None);
    }

    #[test]
    fn a_record_too_large_for_the_queue_is_truncated_and_identified_by_its_hash() {
        let mut letter = refused(TRUNCATED_BYTES + 1);
        letter.truncate();
        assert_eq!(letter.payload.as_ref().unwrap().len(), TRUNCATED_BYTES);
        let whole = truncation(&letter).unwrap();
        assert_eq!((whole.bytes, whole.sha256.len()), (TRUNCATED_BYTES + 1, 64));
        let headers = letter.headers.len();
        letter.truncate();
        assert_eq!(letter.payload.as_ref().unwrap().len(), TRUNCATED_BYTES / 4);
        assert_eq!(truncation(&letter), Some(whole));
        assert_eq!(letter.headers.len(), headers, "once");
    }

    #[test]
    fn a_letter_that_is_truncated_again_later_is_still_identified_by_its_original_bytes() {
        let original = Truncation { bytes: 1_000_000, sha256: "c0ffee".to_owned() };
        let mut letter = refused_with(TRUNCATED_BYTES + 1, original.to_headers().to_vec());
        let headers = letter.headers.len();
        letter.truncate();
        assert_eq!(letter.payload.as_ref().unwrap().len(), TRUNCATED_BYTES);
        assert_eq!((truncation(&letter), letter.headers.len()), (Some(original), headers));
    }

    #[test]
    fn a_record_that_is_rejected_repeatedly_is_finally_written_without_its_bytes() {
        let mut letter = refused(TRUNCATED_BYTES + 1);
        for _ in 0..100 {
            letter.truncate();
        }
        assert_eq!(letter.payload.as_deref(), Some(&b""[..]));
    }
}
