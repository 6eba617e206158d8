//! Reads spans of a topic that are already written, up to a known end.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::{Offset, TopicPartitionList};

use super::Reader;
use crate::fetched::Fetched;
use crate::message::Record;
use crate::{KafkaError, Topic};

/// How long reading to an end may make no progress before it gives up: the broker or the end may be gone.
const STALLED: Duration = Duration::from_secs(15);

impl Reader {
    /// Reads the whole topic up to its ends, in order per partition. Uses a consumer of its own, so the assignment
    /// doesn't change.
    pub async fn read_to_end(&self, topic: &Topic) -> Result<Vec<Record>, KafkaError> {
        let ends = self.ends(topic).await?;
        self.read(topic, ends).await
    }

    /// Like [`Reader::read_to_end`], for some of the topic's partitions.
    pub async fn read_partitions_to_end(&self, topic: &Topic, partitions: &[i32]) -> Result<Vec<Record>, KafkaError> {
        let ends = self.ends_of(topic, partitions).await?;
        self.read(topic, ends).await
    }

    /// Returns the last record of each partition that has one.
    pub async fn last_records(&self, topic: &Topic) -> Result<BTreeMap<i32, Record>, KafkaError> {
        let ends = self.ends(topic).await?;
        let tails = ends.iter().map(|(partition, (low, high))| (*partition, (*low.max(&(high - 1)), *high)));
        let mut records = self.read(topic, tails.collect()).await?;
        // If the offset before the end is a hole, the last record is somewhere before it.
        let holes: BTreeMap<i32, (i64, i64)> = ends
            .into_iter()
            .filter(|(partition, (low, high))| low < high && !records.iter().any(|found| found.partition == *partition))
            .collect();
        records.extend(self.read(topic, holes).await?);
        Ok(records.into_iter().map(|record| (record.partition, record)).collect())
    }

    /// Reads each partition from the first offset up to the second, or to its end if that comes first: the last offset
    /// of the span may be a hole, and then no record shows that it was reached.
    async fn read(&self, topic: &Topic, spans: BTreeMap<i32, (i64, i64)>) -> Result<Vec<Record>, KafkaError> {
        let mut open: BTreeMap<i32, i64> = BTreeMap::new();
        let mut list = TopicPartitionList::new();
        for (partition, (from, to)) in spans.into_iter().filter(|(_, (from, to))| from < to) {
            list.add_partition_offset(topic.name, partition, Offset::Offset(from))?;
            open.insert(partition, to);
        }
        let mut records = Vec::new();
        if open.is_empty() {
            return Ok(records);
        }
        let reader = Self::accounting(&self.args, "tidewatch-rebuild")?;
        reader.consumer.assign(&list)?;
        while !open.is_empty() {
            let fetched = tokio::time::timeout(STALLED, reader.next(topic)).await;
            match fetched.map_err(|_| KafkaError::Timeout { doing: "reading a topic to its end", limit: STALLED })? {
                Fetched::Record(record) => {
                    let record = record.to_record();
                    if open.get(&record.partition).is_some_and(|to| record.offset + 1 >= *to) {
                        open.remove(&record.partition);
                    }
                    records.push(record);
                }
                Fetched::End { partition, .. } => drop(open.remove(&partition)),
                Fetched::OutOfRange => {
                    let problem = "retention has deleted records while they were read: try again".to_owned();
                    return Err(KafkaError::Topic { topic: topic.name.to_owned(), problem });
                }
            }
        }
        Ok(records)
    }
}
