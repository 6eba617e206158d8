//! The state of a member, and its reactions to rebalances.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::KafkaError as Native;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use super::{Commit, Committed, Ends, LIMIT, Ownership};
use crate::pulse::Pulse;
use crate::{KafkaError, client};

/// The state of a member, shared by the consumer's callbacks, the thread that polls and the one that watches the ends.
pub(super) struct Member<O> {
    pub(super) topic: &'static str,
    pub(super) owner: Mutex<O>,
    pub(super) failure: Mutex<Option<KafkaError>>,
    pub(super) ends: Mutex<BTreeMap<i32, Ends>>,
    pub(super) owned: Mutex<Vec<i32>>,
    pub(super) closing: AtomicBool,
    pub(super) pulse: Arc<Pulse>,
}

impl<O: Ownership> Member<O> {
    pub(super) fn new(topic: &'static str, owner: O, pulse: Arc<Pulse>) -> Self {
        Self {
            topic,
            owner: Mutex::new(owner),
            failure: Mutex::new(None),
            ends: Mutex::default(),
            owned: Mutex::default(),
            closing: AtomicBool::new(false),
            pulse,
        }
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, partitions: &[i32]) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(self.topic, *partition);
        }
        // The client remembers a pause even after the partition has been revoked.
        consumer.resume(&list)?;
        // A rebalance that brings nothing new is reported as well, with no commits to fetch.
        let committed = if partitions.is_empty() { list } else { consumer.committed_offsets(list, LIMIT)? };
        let committed = committed.elements().into_iter().map(|element| Committed {
            partition: element.partition(),
            commit: match element.offset() {
                Offset::Offset(next_offset) => Some(Commit {
                    partition: element.partition(),
                    next_offset,
                    metadata: element.metadata().to_owned(),
                }),
                _ => None,
            },
        });
        let starts = lock(&self.owner).assigned(committed.collect())?;
        let mut list = TopicPartitionList::new();
        for (partition, offset) in starts {
            list.add_partition_offset(self.topic, partition, Offset::Offset(offset))?;
        }
        lock(&self.owned).extend(partitions);
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_assign(&list)?,
            _ => consumer.assign(&list)?,
        }
        Ok(())
    }

    fn give_up(&self, consumer: &BaseConsumer<Self>, partitions: &[i32]) {
        lock(&self.owned).retain(|owned| !partitions.contains(owned));
        lock(&self.ends).retain(|owned, _| !partitions.contains(owned));
        if consumer.assignment_lost() {
            lock(&self.owner).lost(partitions);
        } else {
            lock(&self.owner).revoked(partitions, &|commits| commit(consumer, self.topic, commits));
        }
    }
}

impl<O: Ownership> ClientContext for Member<O> {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: Native, reason: &str) {
        client::report(&error, reason);
    }
}

impl<O: Ownership> ConsumerContext for Member<O> {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, what: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions: Vec<i32> = list.elements().iter().map(|element| element.partition()).collect();
        let done = if what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assign(consumer, &partitions)
        } else {
            self.give_up(consumer, &partitions);
            match consumer.rebalance_protocol() {
                RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
                _ => consumer.unassign(),
            }
            .map_err(KafkaError::from)
        };
        if let Err(error) = done {
            // While closing, the group protocol ends before the last unassign, which then fails.
            if !self.closing.load(Ordering::Relaxed) {
                *lock(&self.failure) = Some(error);
            }
        }
    }
}

pub(super) fn commit<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    commits: &[Commit],
) -> Result<(), KafkaError> {
    let mut list = TopicPartitionList::new();
    for commit in commits {
        let mut element = list.add_partition(topic, commit.partition);
        element.set_offset(Offset::Offset(commit.next_offset))?;
        element.set_metadata(&commit.metadata);
    }
    consumer.commit(&list, CommitMode::Sync).map_err(KafkaError::from_commit)
}

/// A panic elsewhere doesn't corrupt the data: each lock guards a single assignment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
