//! The ends of a topic's partitions as reported by the broker: the oldest offset and the next one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::error::KafkaError as Native;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

/// How long each request may take, and how long to wait for leaders.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Time limit for an answer.
    pub(crate) answer: Duration,
    /// Time limit for a leader that is still being elected or that hasn't learned of its partition yet, as right after
    /// the creation of a topic or the start of a broker. With zero, partitions that have no leader now are left out.
    pub(crate) leaders: Duration,
}

/// Asks for the oldest offset of each partition and the next one that `consumer` could read: the high watermark if it
/// reads uncommitted records, otherwise the last stable offset. Sends both requests once per broker, for all partitions
/// together. Leaves out partitions without an answer; returns an error if there is no answer at all.
pub(crate) fn ask<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    partitions: &[i32],
    limits: Limits,
) -> Result<BTreeMap<i32, (i64, i64)>, Native> {
    repeated(partitions, limits, || {
        let led = led(consumer, topic, partitions, limits)?;
        let low = offsets(consumer, topic, &led, Offset::Beginning, limits)?;
        let mut high = offsets(consumer, topic, &led, Offset::End, limits)?;
        Ok(low.into_iter().filter_map(|(partition, low)| Some((partition, (low, high.remove(&partition)?)))).collect())
    })
}

/// Asks only for the next offset of each partition.
pub(crate) fn ask_high<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    partitions: &[i32],
    limits: Limits,
) -> Result<BTreeMap<i32, i64>, Native> {
    repeated(partitions, limits, || {
        let led = led(consumer, topic, partitions, limits)?;
        offsets(consumer, topic, &led, Offset::End, limits)
    })
}

/// Asks until there is an answer for every partition, or until the time limit for leaders has passed.
fn repeated<T>(
    partitions: &[i32],
    limits: Limits,
    mut ask: impl FnMut() -> Result<BTreeMap<i32, T>, Native>,
) -> Result<BTreeMap<i32, T>, Native> {
    let deadline = Instant::now() + limits.leaders;
    if partitions.is_empty() {
        return Ok(BTreeMap::new());
    }
    loop {
        let answer = ask();
        let is_complete = match &answer {
            Ok(answers) => answers.len() == partitions.len(),
            Err(error) => !is_early(error),
        };
        if is_complete || Instant::now() >= deadline {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn is_early(error: &Native) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::UnknownTopicOrPartition
        )
    )
}

/// Returns the partitions of each leader. If a leader is missing, the client would wait for it and then answer for none
/// of the partitions.
fn led<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    partitions: &[i32],
    limits: Limits,
) -> Result<BTreeMap<i32, Vec<i32>>, Native> {
    let metadata = consumer.fetch_metadata(Some(topic), limits.answer)?;
    let found = metadata.topics().iter().filter(|found| found.name() == topic).flat_map(|found| found.partitions());
    let mut led: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for partition in found.filter(|found| found.leader() >= 0 && partitions.contains(&found.id())) {
        led.entry(partition.leader()).or_default().push(partition.id());
    }
    Ok(led)
}

/// Asks all leaders at once. If that fails, asks each of them alone, so that an unreachable one affects only its own
/// partitions.
fn offsets<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    led: &BTreeMap<i32, Vec<i32>>,
    end: Offset,
    limits: Limits,
) -> Result<BTreeMap<i32, i64>, Native> {
    let error = match ask_once(consumer, topic, led.values().flatten(), end, limits) {
        Err(error) if led.len() > 1 => error,
        answer => return answer,
    };
    let one = |partitions: &Vec<i32>| ask_once(consumer, topic, partitions, end, limits).ok();
    let answers: Vec<_> = led.values().filter_map(one).collect();
    if answers.is_empty() { Err(error) } else { Ok(answers.into_iter().flatten().collect()) }
}

/// A lookup of offsets by timestamp accepts two special timestamps: the beginning and the end.
fn ask_once<'a, C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    partitions: impl IntoIterator<Item = &'a i32>,
    end: Offset,
    limits: Limits,
) -> Result<BTreeMap<i32, i64>, Native> {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic, *partition, end)?;
    }
    if list.count() == 0 {
        return Ok(BTreeMap::new());
    }
    let (mut offsets, mut refused) = (BTreeMap::new(), None);
    for element in consumer.offsets_for_times(list, limits.answer)?.elements() {
        match (element.error(), element.offset()) {
            (Ok(()), Offset::Offset(offset)) => drop(offsets.insert(element.partition(), offset)),
            (Ok(()), _) => refused = Some(Native::OffsetFetch(RDKafkaErrorCode::NoOffset)),
            (Err(error), _) => refused = Some(error),
        }
    }
    match refused {
        Some(error) if offsets.is_empty() => Err(error),
        _ => Ok(offsets),
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::consumer::BaseConsumer;
    use rdkafka::mocking::MockCluster;

    use super::*;

    const AT_ONCE: Limits = Limits { answer: Duration::from_secs(20), leaders: Duration::ZERO };

    #[test]
    fn a_partition_without_a_leader_is_left_out_and_the_others_are_answered() {
        let cluster = MockCluster::new(2).unwrap();
        cluster.create_topic("t", 3, 1).unwrap();
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", cluster.bootstrap_servers())
            .set("group.id", "test")
            .create()
            .unwrap();
        let all = ask(&consumer, "t", &[0, 1, 2], AT_ONCE).unwrap();
        assert_eq!(all.into_keys().collect::<Vec<_>>(), [0, 1, 2]);

        cluster.partition_leader("t", 1, None).unwrap();
        assert_eq!(ask(&consumer, "t", &[0, 1, 2], AT_ONCE).unwrap(), [(0, (0, 0)), (2, (0, 0))].into());
        assert_eq!(ask_high(&consumer, "t", &[0, 1, 2], AT_ONCE).unwrap(), [(0, 0), (2, 0)].into());
        assert_eq!(ask(&consumer, "t", &[1], AT_ONCE).unwrap(), BTreeMap::new());
    }
}
