//! Records that were read, and messages to be written.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp as Time;
use rdkafka::message::{BorrowedMessage, Header, Headers, OwnedHeaders};
use rdkafka::{Message as _, Timestamp};
use tidewatch_contract::{Appended, Event};

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Topic it was read from.
    pub topic: String,
    /// Partition it was read from.
    pub partition: i32,
    /// Its offset in the partition.
    pub offset: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; a tombstone's is empty, see `tombstone`.
    pub payload: Vec<u8>,
    /// Whether it is a tombstone: a record without a value.
    pub tombstone: bool,
    /// Milliseconds since 1970: when the broker appended it on topics with `LogAppendTime`, otherwise when it was
    /// produced.
    pub timestamp_ms: Option<i64>,
    /// Whether the broker set the timestamp, as on topics with `LogAppendTime`.
    pub timed_by_broker: bool,
    /// Its headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Record {
    pub(crate) fn of(message: &impl rdkafka::Message) -> Self {
        let headers = read_headers(message.headers(), |headers| {
            headers.iter().map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec())).collect()
        });
        Self {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            payload: message.payload().unwrap_or_default().to_vec(),
            tombstone: message.payload().is_none(),
            timestamp_ms: message.timestamp().to_millis(),
            timed_by_broker: matches!(message.timestamp(), Timestamp::LogAppendTime(_)),
            headers: headers.unwrap_or_default(),
        }
    }

    /// Returns when the record was appended, and whose clock that is. Call it when the record is read. Only records in
    /// a format older than any broker that Tidewatch supports have no timestamp.
    pub fn appended(&self) -> Appended {
        appended(self.timestamp_ms, self.timed_by_broker)
    }

    /// Returns the first header with that name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }
}

/// A record still in the client's memory, without copies. The client frees a whole fetch at once, so convert it to a
/// [`Record`] to keep it.
#[derive(Debug)]
pub struct Incoming<'a>(BorrowedMessage<'a>);

impl<'a> Incoming<'a> {
    pub(crate) fn new(message: BorrowedMessage<'a>) -> Self {
        Self(message)
    }

    /// Returns the partition it was read from.
    pub fn partition(&self) -> i32 {
        self.0.partition()
    }

    /// Returns its offset in the partition.
    pub fn offset(&self) -> i64 {
        self.0.offset()
    }

    /// Returns its key.
    pub fn key(&self) -> Option<&[u8]> {
        self.0.key()
    }

    /// Returns its value; a tombstone's is empty.
    pub fn payload(&self) -> &[u8] {
        self.0.payload().unwrap_or_default()
    }

    /// Like [`Record::appended`].
    pub fn appended(&self) -> Appended {
        let timestamp = self.0.timestamp();
        appended(timestamp.to_millis(), matches!(timestamp, Timestamp::LogAppendTime(_)))
    }

    /// Returns the first header with that name. The first call makes the client parse all headers of the record.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        read_headers(self.0.headers(), |headers| headers.iter().find(|header| header.key == name)?.value)?
    }

    /// Returns a full copy.
    pub fn to_record(&self) -> Record {
        Record::of(&self.0)
    }
}

fn appended(timestamp_ms: Option<i64>, timed_by_broker: bool) -> Appended {
    match timestamp_ms.and_then(|ms| Time::from_millisecond(ms).ok()) {
        Some(appended) if timed_by_broker => Appended::ByBroker(appended),
        claim => {
            let read_at = Time::now();
            Appended::ByProducer { claim: claim.unwrap_or(read_at), read_at }
        }
    }
}

/// Reads a record's headers, or returns `None` if one of their names isn't UTF-8. rdkafka panics on such a name, so
/// without this anyone who can write to a topic could crash its readers.
fn read_headers<'m, H: Headers, T>(headers: Option<&'m H>, read: impl FnOnce(&'m H) -> T) -> Option<T> {
    let headers = headers?;
    catch_unwind(AssertUnwindSafe(|| read(headers))).ok()
}

/// A record to be written.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Topic to write to.
    pub topic: &'a str,
    /// Partition to write to. Without it, the key determines the partition, as in Java's clients.
    pub partition: Option<i32>,
    /// Key.
    pub key: Option<&'a [u8]>,
    /// Value; `None` is a tombstone.
    pub payload: Option<&'a [u8]>,
    /// Schema of the value, which adds the headers `content-type` and `schema`.
    pub schema: Option<&'static str>,
    /// Further headers.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl<'a> Message<'a> {
    /// Returns a message whose `payload` is an event of type `E` as JSON. The key determines the partition.
    pub fn event<E: Event>(topic: &'a str, key: &'a str, payload: &'a [u8]) -> Self {
        Self {
            topic,
            partition: None,
            key: Some(key.as_bytes()),
            payload: Some(payload),
            schema: Some(E::SCHEMA),
            headers: &[],
        }
    }

    pub(crate) fn owned_headers(&self) -> OwnedHeaders {
        let count = self.headers.len() + 2;
        let mut headers = OwnedHeaders::new_with_capacity(count);
        if let Some(schema) = self.schema {
            headers = headers
                .insert(Header { key: "content-type", value: Some("application/json") })
                .insert(Header { key: "schema", value: Some(schema) });
        }
        self.headers.iter().fold(headers, |headers, (key, value)| headers.insert(Header { key, value: Some(*value) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers with a name that isn't UTF-8: like rdkafka, they panic when read.
    struct Unreadable;

    impl Headers for Unreadable {
        fn count(&self) -> usize {
            1
        }

        fn try_get(&self, _: usize) -> Option<Header<'_, &[u8]>> {
            panic!("rdkafka unwraps the name as UTF-8")
        }
    }

    #[test]
    fn headers_with_a_name_that_is_not_utf8_are_ignored_without_a_panic() {
        assert_eq!(read_headers(Some(&Unreadable), |headers| headers.iter().count()), None);
        let readable = OwnedHeaders::new().insert(Header { key: "source", value: Some("replay") });
        assert_eq!(read_headers(Some(&readable), |headers| headers.iter().count()), Some(1));
    }
}
