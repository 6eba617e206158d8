//! The contents of `processor.state`: per partition, one record of its own and one for each of its groups.

use std::collections::BTreeMap;

use serde::Serialize;
use tidewatch_detect::{GroupState, PartitionState};
use tidewatch_kafka::topics::PROCESSOR_STATE;
use tidewatch_kafka::{Message, Record};

/// The key of a partition's own record. A group's key contains a `=`, so the two can't be equal.
const PARTITION_KEY: &str = "@partition";
/// The header with the generation, which increases with each change of owner. Later writes by an earlier owner are
/// ignored.
const GENERATION: &str = "generation";
const SCHEMA: &str = "processor-state/v1";

/// A state record, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateRecord {
    key: String,
    payload: Option<Vec<u8>>,
}

impl StateRecord {
    /// Creates the partition's own record.
    pub(crate) fn partition(state: &PartitionState) -> Self {
        Self { key: PARTITION_KEY.to_owned(), payload: Some(json(state)) }
    }

    /// Creates a group's record, which is a tombstone if the group was removed.
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

/// The state that an earlier owner has written.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The earlier owner's generation; 0 if there was none.
    pub(crate) generation: i64,
    /// The state of the partition.
    pub(crate) partition: Option<PartitionState>,
    /// The states of the groups.
    pub(crate) groups: BTreeMap<String, GroupState>,
}

impl Loaded {
    /// Reads the records of one partition of `processor.state` in order. Records that can't be parsed are skipped and
    /// logged: their groups start from scratch.
    pub(crate) fn from_records<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut loaded = Self::default();
        for record in records {
            let generation = generation_of(record);
            if generation < loaded.generation {
                continue;
            }
            match loaded.take(record) {
                // The generation of an unreadable record isn't trusted either.
                Err(error) => {
                    tracing::error!(partition = record.partition, offset = record.offset, %error, "can't read a state");
                }
                Ok(()) => loaded.generation = generation,
            }
        }
        loaded
    }

    /// Restarts the input at `low`, because its topic was recreated and offsets changed their meaning. The state of the
    /// groups is kept, above all their alerts; windows across the break are not evaluated.
    pub(crate) fn begin_anew_at(&mut self, low: i64) {
        let Some(old) = &mut self.partition else { return };
        let judged_ms = old.judged_until.map(|until| until.as_millisecond());
        *old = PartitionState {
            judged_until: old.judged_until,
            begun_at: old.begun_at.map(|_| low),
            newest_ms: old.newest_ms,
            last_appended_ms: old.last_appended_ms,
            steps: judged_ms.map(|ms| (low, ms)).into_iter().collect(),
            gap: true,
            ..PartitionState::new(low)
        };
        for group in self.groups.values_mut() {
            group.next_offset = low;
            group.start_offset = low;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, payload: &[u8], generation: &str) -> Record {
        Record {
            partition: 3,
            key: Some(key.as_bytes().to_vec()),
            payload: payload.to_vec(),
            headers: vec![(GENERATION.into(), generation.as_bytes().to_vec())],
            ..tidewatch_testkit::record(&PROCESSOR_STATE)
        }
    }

    fn position(offset: i64) -> Vec<u8> {
        json(&PartitionState::new(offset))
    }

    #[test]
    fn late_writes_of_an_earlier_owner_are_ignored() {
        let records = [
            record(PARTITION_KEY, &position(10), "1"),
            record(PARTITION_KEY, &position(20), "2"),
            record(PARTITION_KEY, &position(15), "1"),
        ];
        let loaded = Loaded::from_records(&records);
        assert_eq!((loaded.generation, loaded.partition.unwrap().next_offset), (2, 20));
    }

    #[test]
    fn invalid_states_are_ignored_whatever_generation_they_claim() {
        let latest = i64::MAX.to_string();
        let records = [
            record(PARTITION_KEY, &position(10), "1"),
            record(PARTITION_KEY, b"rubbish", &latest),
            record("service=x", b"{}", &latest),
            record(PARTITION_KEY, &position(20), "1"),
        ];
        let loaded = Loaded::from_records(&records);
        assert_eq!((loaded.generation, loaded.partition.unwrap().next_offset), (1, 20));
        assert!(loaded.groups.is_empty());
    }

    #[test]
    fn a_recreated_input_keeps_its_watermark_and_counts_from_there() {
        let judged_until = Some(jiff::Timestamp::from_second(1_000_000).unwrap());
        let old = PartitionState {
            next_offset: 500,
            floor: 400,
            judged_until,
            begun_at: Some(3),
            newest_ms: Some(1_000_002_000),
            ..PartitionState::new(0)
        };
        let mut loaded = Loaded { partition: Some(old), ..Loaded::default() };
        loaded.begin_anew_at(7);
        let state = loaded.partition.unwrap();
        assert_eq!((state.next_offset, state.start_offset, state.floor, state.begun_at), (7, 7, 7, Some(7)));
        assert_eq!((state.judged_until, state.newest_ms), (judged_until, Some(1_000_002_000)));
        assert!(state.gap, "windows across the break are partial");
    }
}
