//! What is kept in `processor.state`: per partition one record of its own and one for each of its groups.

use std::collections::BTreeMap;

use serde::Serialize;
use tidewatch_detect::{GroupState, PartitionState};
use tidewatch_kafka::topics::PROCESSOR_STATE;
use tidewatch_kafka::{Message, Record};

/// Key of a partition's own record. A group's key is its labels and holds a `=`, so it can't be the same.
const PARTITION_KEY: &str = "@partition";
/// Counted up at each change of owner. What an earlier owner still writes after that is ignored.
const GENERATION: &str = "generation";
const SCHEMA: &str = "processor-state/v1";

/// One record of the state, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateRecord {
    key: String,
    payload: Option<Vec<u8>>,
}

impl StateRecord {
    /// The partition's own record.
    pub(crate) fn partition(state: &PartitionState) -> Self {
        Self { key: PARTITION_KEY.to_owned(), payload: Some(json(state)) }
    }

    /// A group's record; a forgotten group's is a tombstone.
    pub(crate) fn group(key: String, state: Option<&GroupState>) -> Self {
        Self { key, payload: state.map(json) }
    }

    /// Calls `write` with the message.
    pub(crate) fn with_message<T>(&self, partition: i32, generation: i64, write: impl FnOnce(Message<'_>) -> T) -> T {
        let generation = generation.to_string();
        write(Message {
            topic: PROCESSOR_STATE.name,
            partition: Some(partition),
            key: Some(self.key.as_bytes()),
            payload: self.payload.as_deref(),
            schema: Some(SCHEMA),
            headers: &[(GENERATION, generation.as_bytes())],
        })
    }
}

fn json(state: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(state).expect("the state holds only numbers, strings and maps with string keys")
}

/// What an earlier owner left behind.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The earlier owner's generation; 0 where there was none.
    pub(crate) generation: i64,
    /// The partition's own state.
    pub(crate) partition: Option<PartitionState>,
    /// The groups' states.
    pub(crate) groups: BTreeMap<String, GroupState>,
}

impl Loaded {
    /// Reads what one partition of `processor.state` holds, in its order. What can't be read is left out and logged:
    /// its group begins anew.
    pub(crate) fn from_records<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut loaded = Self::default();
        for record in records {
            let generation = generation_of(record);
            if generation < loaded.generation {
                continue;
            }
            loaded.generation = generation;
            if let Err(error) = loaded.take(record) {
                tracing::error!(partition = record.partition, offset = record.offset, %error, "state can't be read");
            }
        }
        loaded
    }

    fn take(&mut self, record: &Record) -> Result<(), serde_json::Error> {
        let key = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
        if record.tombstone {
            self.groups.remove(&key);
        } else if key == PARTITION_KEY {
            self.partition = Some(serde_json::from_slice(&record.payload)?);
        } else {
            self.groups.insert(key, serde_json::from_slice(&record.payload)?);
        }
        Ok(())
    }
}

fn generation_of(record: &Record) -> i64 {
    let text = record.header(GENERATION).and_then(|value| std::str::from_utf8(value).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}
