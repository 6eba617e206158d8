//! A member of a consumer group: cooperative, static if it has a name, committing manually with metadata.
//!
//! Everything happens on the thread that calls [`GroupConsumer::poll`]: records, assignments and revocations arrive in
//! one order, so their handler needs no locks of its own.

mod ends;
mod member;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as Native;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use self::member::{Member, commit, lock};
use crate::client::Quiet;
use crate::fetched::{Fetched, accounting, said_by};
use crate::message::Incoming;
use crate::pulse::Pulse;
use crate::{KafkaArgs, KafkaError, Topic};

const LIMIT: Duration = Duration::from_secs(5);

/// How a service joins its group.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct GroupArgs {
    /// Name of this member, kept across restarts: a member that returns within 10 s gets its partitions back at once.
    /// Without it, membership ends with the process
    #[arg(long, env = "INSTANCE_ID", value_name = "NAME")]
    pub instance_id: Option<String>,
}

/// A commit for one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Partition of the topic.
    pub partition: i32,
    /// Next offset to read.
    pub next_offset: i64,
    /// Metadata for a later owner, less than 4,096 bytes.
    pub metadata: String,
}

/// The commit found for one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Partition of the topic.
    pub partition: i32,
    /// The last commit, if any.
    pub commit: Option<Commit>,
}

/// The oldest and next offsets of a partition, as reported by the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Oldest offset still stored.
    pub low: i64,
    /// Next offset to become readable: lower than `high` while a transaction is open.
    pub stable: i64,
    /// Next offset to be written.
    pub high: i64,
    /// When the broker was asked for these offsets.
    pub asked: Instant,
}

/// A handler for partitions gained and lost.
pub trait Ownership: Send + 'static {
    /// Takes over partitions; the list is empty if a rebalance brought no new ones. Returns the offset at which to
    /// begin each partition. An error ends the membership: [`GroupConsumer::poll`] returns it.
    fn assigned(&mut self, partitions: Vec<Committed>) -> Result<Vec<(i32, i64)>, KafkaError>;

    /// Runs before partitions go to another member. The new owner starts from the commits made here with `commit`.
    fn revoked(&mut self, partitions: &[i32], commit: &dyn Fn(&[Commit]) -> Result<(), KafkaError>);

    /// Runs after partitions have gone: nothing may be written or committed for them any more.
    fn lost(&mut self, partitions: &[i32]);
}

/// A member of a consumer group that reads one topic.
pub struct GroupConsumer<O: Ownership> {
    consumer: Arc<BaseConsumer<Member<O>>>,
    topic: Topic,
}

impl<O: Ownership> GroupConsumer<O> {
    /// Joins `group`. It connects in the background, so an unreachable broker is not an error here.
    pub fn join(kafka: &KafkaArgs, args: &GroupArgs, group: &str, topic: Topic, owner: O) -> Result<Self, KafkaError> {
        let pulse = Pulse::new();
        let member = Member::new(topic.name, owner, Arc::clone(&pulse));
        let mut config = kafka.consumer(group, group);
        accounting(&mut config);
        config.set("partition.assignment.strategy", "cooperative-sticky").set("heartbeat.interval.ms", "2000");
        match &args.instance_id {
            Some(instance) => config.set("group.instance.id", instance).set("session.timeout.ms", "10000"),
            // A dynamic member's partitions are reassigned only once its session has expired, so its session is
            // shorter.
            None => config.set("session.timeout.ms", "6000"),
        };
        let consumer: Arc<BaseConsumer<Member<O>>> = Arc::new(config.create_with_context(member)?);
        consumer.subscribe(&[topic.name])?;
        pulse.watch(kafka, group, Arc::downgrade(&consumer), |consumer| consumer.client());
        let ends = format!("{group}-ends");
        let mut config = kafka.consumer(&ends, group);
        let uncommitted: BaseConsumer<Quiet> =
            config.set("isolation.level", "read_uncommitted").create_with_context(Quiet)?;
        let uncommitted = Arc::new(uncommitted);
        Pulse::new().watch(kafka, &ends, Arc::downgrade(&uncommitted), |consumer| consumer.client());
        let weak = Arc::downgrade(&consumer);
        thread::Builder::new()
            .name("kafka-ends".into())
            .spawn(move || ends::watch(&weak, &uncommitted))
            .map_err(|_| KafkaError::Timeout { doing: "starting a thread", limit: Duration::ZERO })?;
        Ok(Self { consumer, topic })
    }

    /// Returns the next record or other outcome, if one arrives within `limit`. Assignments and revocations are handled
    /// during the call. Errors end the membership: drop the consumer and join again.
    pub fn poll(&self, limit: Duration) -> Result<Option<Fetched<'_>>, KafkaError> {
        let polled = self.next(limit)?;
        if let Some(Fetched::Record(_)) = polled {
            self.member().pulse.beat();
        }
        Ok(polled)
    }

    /// Like [`Self::poll`], but doesn't wait: for records already buffered behind one that was waited for.
    pub fn at_hand(&self) -> Result<Option<Fetched<'_>>, KafkaError> {
        self.next(Duration::ZERO)
    }

    fn next(&self, limit: Duration) -> Result<Option<Fetched<'_>>, KafkaError> {
        let polled = self.consumer.poll(limit);
        if let Some(failure) = lock(&self.member().failure).take() {
            return Err(failure);
        }
        match polled {
            None => Ok(None),
            Some(Ok(message)) => Ok(Some(Fetched::Record(Incoming::new(message)))),
            Some(Err(Native::MessageConsumptionFatal(code @ RDKafkaErrorCode::FencedInstanceId))) => {
                Err(KafkaError::Fenced(code))
            }
            Some(Err(error @ Native::MessageConsumptionFatal(_))) => Err(error.into()),
            Some(Err(error)) => {
                let said = said_by(&error, &*self.consumer, self.topic.name)?;
                if said.is_none() {
                    tracing::debug!(%error, "reading failed; the client retries");
                }
                Ok(said)
            }
        }
    }

    /// Returns the partition handler. Must not be called from within the handler.
    pub fn owner(&self) -> MutexGuard<'_, O> {
        lock(&self.member().owner)
    }

    /// Commits and waits until the broker has confirmed.
    pub fn commit(&self, commits: &[Commit]) -> Result<(), KafkaError> {
        commit(&self.consumer, self.topic.name, commits)
    }

    /// Returns the ends last reported by the broker for a partition that this member owns.
    pub fn ends(&self, partition: i32) -> Option<Ends> {
        lock(&self.member().ends).get(&partition).copied()
    }

    /// Asks the broker now for the oldest and next offsets of these partitions. Partitions without a leader are left
    /// out.
    pub fn ask_ends(&self, partitions: &[i32]) -> Result<BTreeMap<i32, (i64, i64)>, KafkaError> {
        let limits = crate::ends::Limits { answer: LIMIT, leaders: LIMIT };
        Ok(crate::ends::ask(&*self.consumer, self.topic.name, partitions, limits)?)
    }

    /// Continues reading owned partitions at other offsets, including partitions that stopped after
    /// [`Fetched::OutOfRange`].
    pub fn go_on_at(&self, starts: &[(i32, i64)]) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in starts {
            list.add_partition_offset(self.topic.name, *partition, Offset::Offset(*offset))?;
        }
        self.consumer.incremental_unassign(&list)?;
        Ok(self.consumer.incremental_assign(&list)?)
    }

    /// Stops fetching a partition. It stays assigned to this member.
    pub fn pause(&self, partition: i32) -> Result<(), KafkaError> {
        Ok(self.consumer.pause(&self.list(partition)?)?)
    }

    /// Resumes fetching a paused partition, starting at `offset`.
    pub fn resume_at(&self, partition: i32, offset: i64) -> Result<(), KafkaError> {
        self.consumer.seek(self.topic.name, partition, Offset::Offset(offset), LIMIT)?;
        Ok(self.consumer.resume(&self.list(partition)?)?)
    }

    /// Returns whether the broker answered within the last `age`.
    pub fn reachable_within(&self, age: Duration) -> bool {
        self.member().pulse.within(age)
    }

    fn list(&self, partition: i32) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::new();
        list.add_partition(self.topic.name, partition);
        Ok(list)
    }

    fn member(&self) -> &Member<O> {
        self.consumer.context()
    }
}

impl<O: Ownership> Drop for GroupConsumer<O> {
    /// Leaves the group, on this thread: its partitions are handed over before this returns, unless a request to an
    /// unreachable broker blocks the client for longer.
    fn drop(&mut self) {
        self.member().closing.store(true, Ordering::Relaxed);
        let patience = Instant::now();
        while Arc::strong_count(&self.consumer) > 1 && patience.elapsed() < LIMIT {
            thread::sleep(Duration::from_millis(5));
        }
    }
}
