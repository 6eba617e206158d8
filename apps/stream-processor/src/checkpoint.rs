//! Makes what a partition has decided durable, in the one order in which nothing can be lost: alerts and dead letters
//! acknowledged, then the state acknowledged, then the offset committed.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use tidewatch_kafka::{Ack, Commit, KafkaError, Producer};

use crate::owned::Owned;

/// How long the broker may take for each of the two acknowledged steps.
const LIMIT: Duration = Duration::from_secs(2);
/// How often the acknowledgements are looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(2);

/// Beside the committed offset: where a later owner begins to read, and what it needn't judge again.
#[derive(Debug, Serialize)]
struct Metadata {
    floor: i64,
    judged_until: Option<i64>,
}

/// Writes the state of those partitions whose alerts and dead letters are all through. Returns what may be committed
/// now; the others' turn comes at a later checkpoint.
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
    // Not a flush: dead letters that don't get through are no reason for the other partitions to wait.
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

/// Waits for what is on its way, but not for what is held up: that partition's turn comes later.
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

/// A full queue empties itself while the broker answers.
fn enqueue(producer: &Producer, message: tidewatch_kafka::Message<'_>) -> Result<Ack, KafkaError> {
    match producer.enqueue(message) {
        Err(KafkaError::QueueFull) => {
            producer.flush_blocking(LIMIT)?;
            producer.enqueue(message)
        }
        other => other,
    }
}
