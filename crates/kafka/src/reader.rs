//! A reader that assigns its own partitions, for services that keep their own position.

mod span;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use prometheus::Registry;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::KafkaError as Native;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::client::Quiet;
use crate::ends;
use crate::fetched::{Fetched, accounting, said_by};
use crate::message::{Incoming, Record};
use crate::metrics::export_reachable;
use crate::pulse::Pulse;
use crate::{KafkaArgs, KafkaError, Topic};

const LIMIT: Duration = Duration::from_secs(5);

/// Where to begin reading a topic.
#[derive(Debug, Clone)]
pub enum Start {
    /// At the oldest record still stored.
    Beginning,
    /// At the next record to arrive.
    End,
    /// This many records before the end of each partition.
    Tail(i64),
    /// At these offsets; partitions not listed start at the oldest record.
    Offsets(BTreeMap<i32, i64>),
}

/// A reader of partitions that it assigned itself: no group, no rebalance, no commits unless requested.
#[derive(Clone)]
pub struct Reader {
    args: KafkaArgs,
    consumer: Arc<StreamConsumer<Quiet>>,
    pulse: Arc<Pulse>,
}

impl Reader {
    /// Creates a reader that never commits. It connects in the background.
    pub fn new(args: &KafkaArgs, client_id: &str) -> Result<Self, KafkaError> {
        Self::with_group(args, client_id, client_id)
    }

    /// Creates a reader whose position is stored under the name `group` when it is committed with [`Reader::commit`].
    pub fn with_group(args: &KafkaArgs, client_id: &str, group: &str) -> Result<Self, KafkaError> {
        Self::with_config(args, client_id, &args.consumer(client_id, group))
    }

    /// Creates a reader for the ends of everything written, including records of open transactions.
    pub fn uncommitted(args: &KafkaArgs, client_id: &str) -> Result<Self, KafkaError> {
        let mut config = args.consumer(client_id, client_id);
        Self::with_config(args, client_id, config.set("isolation.level", "read_uncommitted"))
    }

    /// Creates a reader of one topic that is read with [`Reader::next`] and accounts for every offset.
    pub fn accounting(args: &KafkaArgs, client_id: &str) -> Result<Self, KafkaError> {
        Self::with_config(args, client_id, accounting(&mut args.consumer(client_id, client_id)))
    }

    fn with_config(args: &KafkaArgs, client_id: &str, config: &ClientConfig) -> Result<Self, KafkaError> {
        let consumer: Arc<StreamConsumer<Quiet>> = Arc::new(config.create_with_context(Quiet)?);
        let pulse = Pulse::new();
        pulse.watch(args, client_id, Arc::downgrade(&consumer), |consumer| consumer.client());
        Ok(Self { args: args.clone(), consumer, pulse })
    }

    /// Adds all partitions of a topic to the assignment.
    pub async fn assign(&self, topic: &Topic, start: Start) -> Result<(), KafkaError> {
        let offsets: BTreeMap<i32, Offset> = match start {
            Start::Beginning => self.partitions(topic).await?.into_iter().map(|p| (p, Offset::Beginning)).collect(),
            Start::Offsets(known) => self
                .partitions(topic)
                .await?
                .into_iter()
                .map(|p| (p, known.get(&p).map_or(Offset::Beginning, |offset| Offset::Offset(*offset))))
                .collect(),
            // Resolved now rather than by the client, which would resolve it at the first fetch: records written in the
            // meantime must be read.
            Start::End => self.ends(topic).await?.into_iter().map(|(p, (_, high))| (p, Offset::Offset(high))).collect(),
            Start::Tail(count) => self
                .ends(topic)
                .await?
                .into_iter()
                .map(|(p, (low, high))| (p, Offset::Offset(low.max(high - count))))
                .collect(),
        };
        let mut list = TopicPartitionList::new();
        for (partition, offset) in offsets {
            list.add_partition_offset(topic.name, partition, offset)?;
        }
        if self.consumer.assignment()?.count() == 0 {
            self.consumer.assign(&list)?;
        } else {
            self.consumer.incremental_assign(&list)?;
        }
        Ok(())
    }

    /// Returns the next record. The client retries failures; [`Reader::reachable_within`] shows them.
    pub async fn recv(&self) -> Record {
        loop {
            match self.consumer.recv().await {
                Ok(message) => {
                    self.pulse.beat();
                    return Record::of(&message);
                }
                Err(error) => self.pause_after(&error).await,
            }
        }
    }

    /// Returns the next record of `topic` or other outcome. Only for a reader created with [`Reader::accounting`].
    pub async fn next<'a>(&'a self, topic: &Topic) -> Fetched<'a> {
        loop {
            let error = match self.consumer.recv().await {
                Ok(message) => {
                    self.pulse.beat();
                    return Fetched::Record(Incoming::new(message));
                }
                Err(error) => error,
            };
            match said_by(&error, &*self.consumer, topic.name) {
                Ok(Some(said)) => return said,
                Ok(None) | Err(_) => self.pause_after(&error).await,
            }
        }
    }

    /// Like [`Reader::next`], plus the outcomes already buffered behind it, at most `most` in total.
    pub async fn batch<'a>(&'a self, topic: &'a Topic, most: usize) -> impl Iterator<Item = Fetched<'a>> {
        let first = self.next(topic).await;
        let mut stream = self.consumer.stream();
        let at_hand = std::iter::from_fn(move || match stream.next().now_or_never()?? {
            Ok(message) => Some(Fetched::Record(Incoming::new(message))),
            // The client retries any other error, which ends the batch.
            Err(error) => said_by(&error, &*self.consumer, topic.name).ok()?,
        });
        std::iter::once(first).chain(at_hand).take(most)
    }

    async fn pause_after(&self, error: &Native) {
        tracing::debug!(%error, "reading failed; the client retries");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    /// Returns the oldest and next offsets of each partition, as reported by the broker now. Records of an open
    /// transaction, and any after them, lie beyond the next offset; see [`Reader::uncommitted`].
    pub async fn ends(&self, topic: &Topic) -> Result<BTreeMap<i32, (i64, i64)>, KafkaError> {
        let partitions = self.partitions(topic).await?;
        self.ends_of(topic, &partitions).await
    }

    /// Like [`Reader::ends`], for some of the topic's partitions: the others may have no leader.
    pub async fn ends_of(&self, topic: &Topic, partitions: &[i32]) -> Result<BTreeMap<i32, (i64, i64)>, KafkaError> {
        let (name, asked) = (topic.name, partitions.to_vec());
        let limits = ends::Limits { answer: LIMIT, leaders: LIMIT };
        let asking = move |consumer: &StreamConsumer<Quiet>| ends::ask(consumer, name, &asked, limits);
        let ends = self.blocking("querying a topic's ends", asking).await?;
        match partitions.iter().find(|partition| !ends.contains_key(partition)) {
            Some(partition) => Err(KafkaError::Topic {
                topic: name.to_owned(),
                problem: format!("the end of partition {partition} is unknown: it has no leader"),
            }),
            None => Ok(ends),
        }
    }

    /// Commits the next offset to read of one partition, and waits until the broker has confirmed.
    pub async fn commit(&self, topic: &Topic, partition: i32, next_offset: i64) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic.name, partition, Offset::Offset(next_offset))?;
        self.blocking("committing", move |consumer| consumer.commit(&list, CommitMode::Sync)).await
    }

    /// Returns the committed next offset of each partition that has one.
    pub async fn committed(&self, topic: &Topic) -> Result<BTreeMap<i32, i64>, KafkaError> {
        let name = topic.name;
        self.blocking("querying committed offsets", move |consumer| {
            let mut list = TopicPartitionList::new();
            for partition in partitions_of(consumer, name)? {
                list.add_partition(name, partition);
            }
            let committed = consumer.committed_offsets(list, LIMIT)?;
            let offsets = committed.elements().into_iter().filter_map(|element| match element.offset() {
                Offset::Offset(offset) => Some((element.partition(), offset)),
                _ => None,
            });
            Ok(offsets.collect())
        })
        .await
    }

    /// Returns whether the broker answered within the last `age`.
    pub fn reachable_within(&self, age: Duration) -> bool {
        self.pulse.within(age)
    }

    /// Exports [`crate::metrics::REACHABLE`] as seen by this reader.
    pub fn export_reachable(&self, registry: &Registry) -> prometheus::Result<()> {
        export_reachable(&self.pulse, registry)
    }

    /// Returns the partition numbers of a topic.
    pub async fn partitions(&self, topic: &Topic) -> Result<Vec<i32>, KafkaError> {
        let name = topic.name;
        self.blocking("querying a topic's partitions", move |consumer| partitions_of(consumer, name)).await
    }

    /// Runs a request to the broker on a blocking thread, since librdkafka's requests block.
    async fn blocking<T: Send + 'static>(
        &self,
        doing: &'static str,
        ask: impl FnOnce(&StreamConsumer<Quiet>) -> Result<T, Native> + Send + 'static,
    ) -> Result<T, KafkaError> {
        let consumer = Arc::clone(&self.consumer);
        match tokio::task::spawn_blocking(move || ask(&consumer)).await {
            Ok(Ok(answer)) => {
                self.pulse.beat();
                Ok(answer)
            }
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(KafkaError::Timeout { doing, limit: LIMIT }),
        }
    }
}

fn partitions_of(consumer: &StreamConsumer<Quiet>, topic: &str) -> Result<Vec<i32>, Native> {
    let metadata = consumer.fetch_metadata(Some(topic), LIMIT)?;
    let mut partitions: Vec<i32> = metadata
        .topics()
        .iter()
        .filter(|found| found.name() == topic)
        .flat_map(|found| found.partitions().iter().map(|partition| partition.id()))
        .collect();
    partitions.sort_unstable();
    if partitions.is_empty() {
        return Err(Native::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition));
    }
    Ok(partitions)
}
