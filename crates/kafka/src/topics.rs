//! All topics and their settings, in one table.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::metadata::MetadataPartition;
use rdkafka::types::RDKafkaErrorCode;

use tidewatch_contract::{AlertEvent, Event, LogEvent, RequestEvent};

use crate::client::Quiet;
use crate::config::{MAX_MESSAGE_BYTES, MAX_RECORD_BYTES};
use crate::{KafkaArgs, KafkaError, reach};

const LIMIT: Duration = Duration::from_secs(15);

/// A topic: its purpose, and the settings used to create it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Its name on the broker.
    pub name: &'static str,
    /// Its records, in a few words.
    pub contents: &'static str,
    /// The key of a record.
    pub key: &'static str,
    /// The JSON Schema of a record's value, as its header `schema` names it.
    pub schema: Option<&'static str>,
    /// The programs that write to it.
    pub written_by: &'static str,
    /// Number of partitions at creation. It never changes afterwards: a key must stay in its partition.
    pub partitions: i32,
    /// Topic settings; the broker's defaults apply to all others.
    pub settings: &'static [(&'static str, &'static str)],
}

const HOUR_MS: &str = "3600000";
const DAY_MS: &str = "86400000";
const WEEK_MS: &str = "604800000";
/// Only closed segments are compacted, so these close early: the whole state is read at each change of owner.
const COMPACTED: &[(&str, &str)] =
    &[("cleanup.policy", "compact"), ("segment.ms", HOUR_MS), ("segment.bytes", "67108864")];

/// Request events.
pub const METRICS_RAW: Topic = Topic {
    name: "metrics.raw",
    contents: "one record per request",
    key: "service",
    schema: Some(RequestEvent::SCHEMA),
    written_by: "workload-simulator, api-gateway, user-service, `tidewatch replay`, your services",
    partitions: 12,
    settings: &[("message.timestamp.type", "LogAppendTime"), ("retention.ms", DAY_MS)],
};
/// Log lines.
pub const LOGS_RAW: Topic = Topic {
    name: "logs.raw",
    contents: "log lines",
    key: "service",
    schema: Some(LogEvent::SCHEMA),
    written_by: "workload-simulator, your services",
    partitions: 6,
    settings: &[("retention.ms", DAY_MS)],
};
/// Transitions of alerts.
pub const ALERTS_FIRED: Topic = Topic {
    name: "alerts.fired",
    contents: "firing and resolved alerts",
    key: "fingerprint",
    schema: Some(AlertEvent::SCHEMA),
    written_by: "stream-processor",
    partitions: 3,
    settings: &[("cleanup.policy", "compact,delete"), ("min.compaction.lag.ms", DAY_MS), ("retention.ms", WEEK_MS)],
};
/// The stream-processor's state, in the same partition as the group's events.
pub const PROCESSOR_STATE: Topic = Topic {
    name: "processor.state",
    contents: "the stream-processor's position, and the state of each group",
    key: "group",
    schema: None,
    written_by: "stream-processor",
    partitions: METRICS_RAW.partitions,
    settings: COMPACTED,
};
/// The metrics-bridge's cumulative series, in the same partition as the events they count.
pub const BRIDGE_STATE: Topic = Topic {
    name: "metrics.bridge.state",
    contents: "the metrics-bridge's position, and its cumulative series",
    key: "partition",
    schema: None,
    written_by: "metrics-bridge",
    partitions: METRICS_RAW.partitions,
    settings: COMPACTED,
};
/// Events that can't be processed.
pub const METRICS_RAW_DLQ: Topic = Topic {
    name: "metrics.raw.dlq",
    contents: "records that can't be evaluated, byte for byte, with the reason in their headers",
    key: "the original key",
    schema: None,
    written_by: "stream-processor",
    partitions: 3,
    settings: &[("retention.ms", WEEK_MS)],
};

/// All topics.
pub const ALL: &[&Topic] = &[&METRICS_RAW, &LOGS_RAW, &ALERTS_FIRED, &PROCESSOR_STATE, &BRIDGE_STATE, &METRICS_RAW_DLQ];

impl Topic {
    /// Returns the value of one of its settings, if it is not the broker's default.
    pub fn setting(&self, name: &str) -> Option<&'static str> {
        self.settings.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    /// Returns the largest record that the topic accepts, in bytes. A dead letter is its original plus some headers.
    #[must_use]
    pub fn max_message_bytes(&self) -> usize {
        if *self == METRICS_RAW_DLQ { MAX_MESSAGE_BYTES } else { MAX_RECORD_BYTES }
    }
}

/// Creates missing topics and checks existing ones: a state record is in the same partition as the events it was
/// derived from, so these topics must have the same number of partitions. Returns the names of the created topics, once
/// all of them have leaders.
///
/// For real brokers only; the in-process one creates its topics itself.
pub async fn ensure(args: &KafkaArgs) -> Result<Vec<String>, KafkaError> {
    let all: Vec<Topic> = ALL.iter().map(|topic| **topic).collect();
    let created = create(args, &all).await?;
    let counts = partition_counts(args, all).await?;
    let events = counts[METRICS_RAW.name];
    for state in [PROCESSOR_STATE, BRIDGE_STATE] {
        let found = counts[state.name];
        if found != events {
            let problem = format!("has {found} partitions, but {} has {events}: recreate it", METRICS_RAW.name);
            return Err(KafkaError::Topic { topic: state.name.into(), problem });
        }
    }
    Ok(created)
}

/// Creates the topics that are missing. Returns the names of the created ones, once all of them have leaders.
pub async fn create(args: &KafkaArgs, topics: &[Topic]) -> Result<Vec<String>, KafkaError> {
    // This error says why the brokers can't be reached. The requests below would only time out.
    reach(args).await?;
    let sizes: Vec<String> = topics.iter().map(|topic| topic.max_message_bytes().to_string()).collect();
    let wanted: Vec<NewTopic<'_>> = topics
        .iter()
        .zip(&sizes)
        .map(|(topic, size)| {
            // -1: the broker's default number of replicas.
            let new =
                NewTopic::new(topic.name, topic.partitions, TopicReplication::Fixed(-1)).set("max.message.bytes", size);
            topic.settings.iter().fold(new, |new, (name, value)| new.set(name, value))
        })
        .collect();
    let mut created = Vec::new();
    for result in admin(args)?.create_topics(&wanted, &options()).await? {
        match result {
            Ok(topic) => created.push(topic),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => {
                return Err(KafkaError::Topic { topic, problem: format!("can't be created: {code}") });
            }
        }
    }
    partition_counts(args, topics.to_vec()).await?;
    Ok(created)
}

/// Deletes the topics with all their data, and returns once the brokers no longer list any of them. A missing topic is
/// not an error.
pub async fn delete(args: &KafkaArgs, topics: &[Topic]) -> Result<(), KafkaError> {
    let names: Vec<&'static str> = topics.iter().map(|topic| topic.name).collect();
    let admin = admin(args)?;
    for result in admin.delete_topics(&names, &options()).await? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition)) => {}
            Err((topic, code)) => {
                return Err(KafkaError::Topic { topic, problem: format!("can't be deleted: {code}") });
            }
        }
    }
    blocking(move || gone(&admin, &names)).await
}

/// Runs a request to the broker on a blocking thread, since librdkafka's requests block.
async fn blocking<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, KafkaError> {
    let answer = tokio::task::spawn_blocking(ask).await;
    answer.map_err(|_| KafkaError::Timeout { doing: "querying the topics", limit: LIMIT })?
}

fn admin(args: &KafkaArgs) -> Result<AdminClient<Quiet>, KafkaError> {
    Ok(args.client("tidewatch-topics").create_with_context(Quiet)?)
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(LIMIT)).request_timeout(Some(LIMIT))
}

/// Returns the partition that producers choose for a key among `partitions`: murmur2 as in
/// `org.apache.kafka.common.utils.Utils`, made positive, modulo the number of partitions.
pub fn partition_of(key: &[u8], partitions: usize) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ (key.len() as u32);
    let chunks = key.chunks_exact(4);
    let rest = chunks.remainder();
    for chunk in chunks {
        let mut k = chunk.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    for (place, byte) in rest.iter().enumerate() {
        hash ^= u32::from(*byte) << (8 * place);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^= hash >> 15;
    ((hash & 0x7fff_ffff) as usize % partitions.max(1)) as i32
}

/// Returns the number of partitions of each topic, once all of them have leaders: a broker acknowledges the creation of
/// a topic some moments before it lists it.
async fn partition_counts(args: &KafkaArgs, topics: Vec<Topic>) -> Result<BTreeMap<&'static str, usize>, KafkaError> {
    let admin = admin(args)?;
    blocking(move || led(&admin, &topics)).await
}

fn led(admin: &AdminClient<Quiet>, topics: &[Topic]) -> Result<BTreeMap<&'static str, usize>, KafkaError> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let metadata = admin.inner().fetch_metadata(None, LIMIT)?;
        let found: BTreeMap<&str, &[MetadataPartition]> =
            metadata.topics().iter().map(|topic| (topic.name(), topic.partitions())).collect();
        let led = |topic: &Topic| {
            let partitions = found.get(topic.name).copied().unwrap_or_default();
            let led = !partitions.is_empty() && partitions.iter().all(|partition| partition.leader() >= 0);
            if led { Ok((topic.name, partitions.len())) } else { Err(*topic) }
        };
        match topics.iter().map(led).collect() {
            Ok(counts) => return Ok(counts),
            Err(topic) if Instant::now() > deadline => {
                let problem = "has partitions without a leader: check whether a broker is down".into();
                return Err(KafkaError::Topic { topic: topic.name.into(), problem });
            }
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn gone(admin: &AdminClient<Quiet>, names: &[&str]) -> Result<(), KafkaError> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let metadata = admin.inner().fetch_metadata(None, LIMIT)?;
        match metadata.topics().iter().map(|topic| topic.name()).find(|name| names.contains(name)) {
            None => return Ok(()),
            Some(name) if Instant::now() > deadline => {
                return Err(KafkaError::Topic {
                    topic: name.into(),
                    problem: "still exists after its deletion".into(),
                });
            }
            Some(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}
