//! Messages that must be acknowledged before a checkpoint may pass them: kept, and sent again, until they are.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tidewatch_kafka::{Ack, KafkaError, Message, Producer};

const FIRST_RETRY: Duration = Duration::from_millis(200);
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// Something that can be written, as often as it takes.
pub(crate) trait Outgoing {
    /// Calls `write` with the message.
    fn with_message<T>(&self, write: impl FnOnce(Message<'_>) -> T) -> T;

    /// The topic refuses the message for what it is: make it acceptable.
    fn make_acceptable(&mut self) {}
}

struct Entry<M> {
    message: M,
    ack: Option<Ack>,
    tries: u32,
    retry_at: Instant,
}

/// Messages under way, oldest first.
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
    /// Takes a message and hands it to the producer.
    pub(crate) fn push(&mut self, producer: &Producer, message: M, now: Instant) {
        let mut entry = Entry { message, ack: None, tries: 0, retry_at: now };
        self.send(producer, &mut entry, now);
        self.entries.push_back(entry);
    }

    /// Looks at what became of the messages, and sends those again whose time has come.
    pub(crate) fn tend(&mut self, producer: &Producer, now: Instant) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.retain_mut(|entry| {
            match entry.ack.as_mut().map(Ack::now) {
                Some(None) => return true,
                Some(Some(Ok(_))) => return false,
                Some(Some(Err(error))) => self.put_off(entry, &error, now),
                None => {}
            }
            if entry.ack.is_none() && now >= entry.retry_at {
                self.send(producer, entry, now);
            }
            true
        });
        self.entries = entries;
        if self.entries.is_empty() {
            self.trouble = None;
        }
    }

    /// Whether everything is acknowledged.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many are not acknowledged yet.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Why the last one that failed did; nothing once all are through.
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
        // Full jitter, so that many that failed together don't come back together.
        entry.retry_at = now + exponential.mul_f64(rand::random_range(0.5..1.0));
        self.trouble = Some(error.to_string());
    }
}
