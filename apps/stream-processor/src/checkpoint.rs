//! Makes the decisions about a partition durable, in the only order that can't lose anything: alerts and dead letters
//! acknowledged, then the state acknowledged, then the offset committed.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use tidewatch_kafka::{Ack, Commit, KafkaError, Producer};

use crate::owned::Owned;

/// Time limit for each of the two acknowledged steps.
const LIMIT: Duration = Duration::from_secs(2);
/// Interval at which acknowledgements are checked meanwhile.
const GLANCE: Duration = Duration::from_millis(2);

/// The metadata of the committed offset: where a later owner begins to read, and how far it needn't evaluate again.
#[derive(Debug, Serialize)]
struct Metadata {
    floor: i64,
    judged_until: Option<i64>,
}

/// Writes the state of the partitions whose alerts and dead letters are all acknowledged. Returns the offsets that may
/// be committed now; the other partitions are written at a later checkpoint.
pub(crate) fn write(
    producer: &Producer,
    partitions: &mut BTreeMap<i32, &mut Owned>,
) -> Result<Vec<Commit>, KafkaError> {
    settle_outboxes(producer, partitions);
    let mut acks: Vec<Ack> = Vec::new();
    let mut written: BTreeMap<i32, Commit> = BTreeMap::new();
    for (id, owned) in partitions.iter_mut().filter(|(_, owned)| owned.is_settled() && owned.has_news()) {
        let state = owned.take_state();
        acks.extend(owned.write_state(&state, |message| enqueue(producer, message))?);
        let metadata = Metadata { floor: state.floor, judged_until: state.judged_until.map(|until| until.as_second()) };
        let commit = Commit {
            partition: *id,
            next_offset: state.next_offset,
            metadata: serde_json::to_string(&metadata).expect("two numbers are plain JSON"),
        };
        written.insert(*id, commit);
    }
    // Not a flush: dead letters that can't be written must not delay the other partitions.
    let deadline = Instant::now() + LIMIT;
    for ack in &mut acks {
        outcome(ack, deadline)?;
    }
    for id in written.keys() {
        if let Some(owned) = partitions.get_mut(id) {
            owned.saved();
        }
    }
    Ok(written.into_values().collect())
}

/// Waits for alerts and dead letters in flight, but not for those that are held up: their partitions are written later.
fn settle_outboxes(producer: &Producer, partitions: &mut BTreeMap<i32, &mut Owned>) {
    let deadline = Instant::now() + LIMIT;
    while partitions.values().any(|owned| !owned.is_settled() && !owned.is_held_up()) && Instant::now() < deadline {
        thread::sleep(GLANCE);
        for owned in partitions.values_mut() {
            owned.tend(producer, Instant::now());
        }
    }
}

fn outcome(ack: &mut Ack, deadline: Instant) -> Result<(), KafkaError> {
    loop {
        match ack.now() {
            Some(delivered) => return delivered.map(drop),
            None if Instant::now() < deadline => thread::sleep(GLANCE),
            None => return Err(KafkaError::Timeout { doing: "writing the state", limit: LIMIT }),
        }
    }
}

/// Enqueues a message. If the queue is full, flushes it first, which succeeds while the broker is reachable.
fn enqueue(producer: &Producer, message: tidewatch_kafka::Message<'_>) -> Result<Ack, KafkaError> {
    match producer.enqueue(message) {
        Err(KafkaError::QueueFull) => {
            producer.flush_blocking(LIMIT)?;
            producer.enqueue(message)
        }
        other => other,
    }
}
