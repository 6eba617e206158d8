//! The ends of a topic's partitions, as the broker says: the oldest offset, and the one that comes next.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::error::KafkaError as Native;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

/// Asks for the oldest offset of each partition and the next one that `consumer` could read: the high watermark where
/// it reads uncommitted records, else the last stable offset. Both questions go to each broker once, for all partitions
/// together. Waits up to `limit` for a leader that is just being chosen, or that has yet to hear of its partition, as
/// right after a topic's creation or a broker's start.
pub(crate) fn ask<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    partitions: &[i32],
    limit: Duration,
) -> Result<BTreeMap<i32, (i64, i64)>, Native> {
    let low = ask_one(consumer, topic, partitions, Offset::Beginning, limit)?;
    let mut high = ask_one(consumer, topic, partitions, Offset::End, limit)?;
    Ok(low.into_iter().filter_map(|(partition, low)| Some((partition, (low, high.remove(&partition)?)))).collect())
}

/// Asks for the next offset of each partition alone.
pub(crate) fn ask_high<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    partitions: &[i32],
    limit: Duration,
) -> Result<BTreeMap<i32, i64>, Native> {
    ask_one(consumer, topic, partitions, Offset::End, limit)
}

fn ask_one<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    partitions: &[i32],
    end: Offset,
    limit: Duration,
) -> Result<BTreeMap<i32, i64>, Native> {
    let deadline = Instant::now() + limit;
    loop {
        let answer = ask_once(consumer, topic, partitions, end, limit);
        let code = answer.as_ref().err().and_then(Native::rdkafka_error_code);
        let early = matches!(
            code,
            Some(
                RDKafkaErrorCode::NotLeaderForPartition
                    | RDKafkaErrorCode::LeaderNotAvailable
                    | RDKafkaErrorCode::UnknownTopicOrPartition
            )
        );
        if !early || Instant::now() > deadline {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The question for offsets by their times knows two times of its own: the beginning and the end.
fn ask_once<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    partitions: &[i32],
    end: Offset,
    limit: Duration,
) -> Result<BTreeMap<i32, i64>, Native> {
    if partitions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic, *partition, end)?;
    }
    let mut offsets = BTreeMap::new();
    for element in consumer.offsets_for_times(list, limit)?.elements() {
        element.error()?;
        match element.offset() {
            Offset::Offset(offset) => offsets.insert(element.partition(), offset),
            _ => return Err(Native::OffsetFetch(RDKafkaErrorCode::NoOffset)),
        };
    }
    Ok(offsets)
}
