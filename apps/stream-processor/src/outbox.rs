//! Messages that must be acknowledged before a checkpoint may pass them: they are kept and sent again until they are.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use tidewatch_kafka::{Ack, KafkaError, Message, Producer};

const FIRST_RETRY: Duration = Duration::from_millis(200);
const LONGEST_RETRY: Duration = Duration::from_secs(10);
/// Time after which an unacknowledged message counts as held up, even if the client hasn't given up on it yet.
const OVERDUE: Duration = Duration::from_secs(5);

/// A message that can be written repeatedly.
pub(crate) trait Outgoing {
    /// Calls `write` with the message.
    fn with_message<T>(&self, write: impl FnOnce(Message<'_>) -> T) -> T;

    /// Returns the sequence of the message. Messages of one sequence are written in order: each waits until the one
    /// before it is acknowledged. `None` if the message neither waits for another one nor keeps another one waiting.
    fn sequence(&self) -> Option<&str> {
        None
    }

    /// Changes the message so that a topic that has refused it may accept it.
    fn make_acceptable(&mut self) {}

    /// Returns the approximate size in bytes.
    fn size(&self) -> usize;
}

struct Entry<M> {
    message: M,
    ack: Option<Ack>,
    tries: u32,
    pushed: Instant,
    retry_at: Instant,
}

/// Messages in flight, oldest first.
pub(crate) struct Outbox<M> {
    entries: VecDeque<Entry<M>>,
    trouble: Option<String>,
}

impl<M> Default for Outbox<M> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), trouble: None }
    }
}

impl<M: Outgoing> Outbox<M> {
    /// Adds a message and hands it to the producer, unless it has to wait for another one.
    pub(crate) fn push(&mut self, producer: &Producer, message: M, now: Instant) {
        let sequence = message.sequence();
        let waits = sequence.is_some() && self.entries.iter().any(|entry| entry.message.sequence() == sequence);
        let mut entry = Entry { message, ack: None, tries: 0, pushed: now, retry_at: now };
        if !waits {
            self.send(producer, &mut entry, now);
        }
        self.entries.push_back(entry);
    }

    /// Processes acknowledgements, and sends the messages that are due again.
    pub(crate) fn tend(&mut self, producer: &Producer, now: Instant) {
        let mut entries = std::mem::take(&mut self.entries);
        let mut under_way = HashSet::new();
        entries.retain_mut(|entry| {
            match entry.ack.as_mut().map(Ack::now) {
                Some(Some(Ok(_))) => return false,
                Some(Some(Err(error))) => self.put_off(entry, &error, now),
                Some(None) | None => {}
            }
            // The first remaining message of a sequence is the next one to write.
            let is_next = entry.message.sequence().is_none_or(|sequence| under_way.insert(sequence.to_owned()));
            if is_next && entry.ack.is_none() && now >= entry.retry_at {
                self.send(producer, entry, now);
            }
            true
        });
        self.entries = entries;
        match self.entries.front() {
            None => self.trouble = None,
            Some(oldest) if self.trouble.is_none() && now.saturating_duration_since(oldest.pushed) > OVERDUE => {
                self.trouble = Some(format!("not acknowledged within {} s", OVERDUE.as_secs()));
            }
            Some(_) => {}
        }
    }

    /// Returns whether every message is acknowledged.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the number of unacknowledged messages.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the size of the unacknowledged messages in bytes.
    pub(crate) fn size(&self) -> usize {
        self.entries.iter().map(|entry| entry.message.size()).sum()
    }

    /// Returns why messages are held up; `None` once all are acknowledged.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    fn send(&mut self, producer: &Producer, entry: &mut Entry<M>, now: Instant) {
        match entry.message.with_message(|message| producer.enqueue(message)) {
            Ok(ack) => entry.ack = Some(ack),
            Err(error) => self.put_off(entry, &error, now),
        }
    }

    fn put_off(&mut self, entry: &mut Entry<M>, error: &KafkaError, now: Instant) {
        if matches!(error, KafkaError::RecordRefused(_)) {
            entry.message.make_acceptable();
        }
        entry.ack = None;
        entry.tries += 1;
        let exponential = FIRST_RETRY.saturating_mul(1 << entry.tries.min(10)).min(LONGEST_RETRY);
        // With jitter, so that messages that failed together are not all retried at once.
        entry.retry_at = now + exponential.mul_f64(rand::random_range(0.5..1.0));
        self.trouble = Some(error.to_string());
    }
}

#[cfg(test)]
mod tests {
    use tidewatch_kafka::broker::InProcess;
    use tidewatch_kafka::topics::ALERTS_FIRED;
    use tidewatch_kafka::{KafkaArgs, Reader};

    use super::*;

    struct Letter;

    impl Outgoing for Letter {
        fn with_message<T>(&self, write: impl FnOnce(Message<'_>) -> T) -> T {
            write(Message { topic: "t", partition: None, key: None, payload: Some(b"x"), schema: None, headers: &[] })
        }

        fn size(&self) -> usize {
            1
        }
    }

    #[test]
    fn a_record_without_acknowledgement_is_held_up_after_five_seconds() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let producer = Producer::new(&KafkaArgs::new(nobody.to_string()), "test").unwrap();
        let (mut outbox, start) = (Outbox::default(), Instant::now());
        outbox.push(&producer, Letter, start);
        outbox.tend(&producer, start + OVERDUE);
        assert_eq!(outbox.trouble(), None);
        outbox.tend(&producer, start + OVERDUE + Duration::from_millis(1));
        assert!(outbox.trouble().is_some());
        assert_eq!((outbox.len(), outbox.size()), (1, 1));
    }

    /// A message of an alert. If it is too large, it is refused and truncated.
    struct Alert {
        key: &'static str,
        payload: Vec<u8>,
    }

    impl Outgoing for Alert {
        fn with_message<T>(&self, write: impl FnOnce(Message<'_>) -> T) -> T {
            write(Message {
                topic: ALERTS_FIRED.name,
                partition: Some(0),
                key: Some(self.key.as_bytes()),
                payload: Some(&self.payload),
                schema: None,
                headers: &[],
            })
        }

        fn sequence(&self) -> Option<&str> {
            Some(self.key)
        }

        fn make_acceptable(&mut self) {
            self.payload.truncate(6);
        }

        fn size(&self) -> usize {
            self.payload.len()
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn messages_of_one_alert_stay_in_order_and_other_alerts_do_not_wait() {
        let broker = InProcess::start().unwrap();
        let args = KafkaArgs::new(broker.brokers());
        let producer = Producer::new(&args, "test").unwrap();
        let mut outbox = Outbox::default();
        let mut firing = b"firing".to_vec();
        firing.resize(8 * 1024 * 1024, b' ');
        outbox.push(&producer, Alert { key: "a", payload: firing }, Instant::now());
        outbox.push(&producer, Alert { key: "a", payload: b"resolved".to_vec() }, Instant::now());
        outbox.push(&producer, Alert { key: "b", payload: b"firing".to_vec() }, Instant::now());
        let start = Instant::now();
        while !outbox.is_empty() {
            assert!(start.elapsed() < Duration::from_secs(20), "{:?}", outbox.trouble());
            tokio::time::sleep(Duration::from_millis(10)).await;
            outbox.tend(&producer, Instant::now());
        }
        let records = Reader::new(&args, "test").unwrap().read_to_end(&ALERTS_FIRED).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let written: Vec<_> = records.iter().map(|r| (text(r.key.as_ref().unwrap()), text(&r.payload))).collect();
        let of = |key: &str, payload: &str| (key.to_owned(), payload.to_owned());
        assert_eq!(written, [of("b", "firing"), of("a", "firing"), of("a", "resolved")]);
    }
}
