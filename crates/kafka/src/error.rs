//! The errors that can occur between Tidewatch and a broker.

use std::time::Duration;

use rdkafka::error::{KafkaError as Native, RDKafkaErrorCode};

/// A failed operation on Kafka.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KafkaError {
    /// The value of `--brokers` or `--kafka-config` is invalid.
    #[error("{flag}: {problem}")]
    Config {
        /// The flag that has to change.
        flag: &'static str,
        /// The problem with the value, and the valid values.
        problem: String,
    },
    /// The producer's queue is full: records are produced faster than the broker accepts them.
    #[error("the producer's queue is full: the broker is too slow or unreachable")]
    QueueFull,
    /// The broker rejected the record itself; sending it again would not help.
    #[error("the broker rejected the record: {0}")]
    RecordRefused(RDKafkaErrorCode),
    /// No answer came in time.
    #[error("no answer from the broker within {}s while {doing}", .limit.as_secs())]
    Timeout {
        /// The operation in progress.
        doing: &'static str,
        /// The time limit that was exceeded.
        limit: Duration,
    },
    /// No broker can be reached; the text says why and what to do.
    #[error("{0}")]
    Unreachable(String),
    /// The broker rejects this client, or the client the broker; the text says why and what to do.
    #[error("{0}")]
    Refused(String),
    /// A required topic doesn't exist or differs from the expected one.
    #[error("topic {topic}: {problem}")]
    Topic {
        /// Name of the topic.
        topic: String,
        /// The problem with the topic.
        problem: String,
    },
    /// This member no longer owns the partition that it tried to commit.
    #[error("the partition belongs to another member of the group now: {0}")]
    Fenced(RDKafkaErrorCode),
    /// The client with this name has lost all brokers, and nothing but a new client reaches them again
    /// (docs/adr/0041-a-client-that-cant-recover-ends-its-service.md).
    #[error(
        "kafka client {0} has lost all brokers for good: no answer for {limit} s, although each new connection worked; \
         it has to be started again",
        limit = crate::lost::LIMIT.as_secs()
    )]
    Lost(String),
    /// librdkafka has ended the client for good.
    #[error("kafka client {client} has failed for good: {reason}; it has to be started again")]
    Fatal {
        /// Name of the client.
        client: String,
        /// Its reason, from librdkafka.
        reason: String,
    },
    /// Any other error reported by librdkafka.
    #[error("{0}")]
    Client(#[from] Native),
}

impl KafkaError {
    /// Returns whether a retry may succeed without a change to the record or the configuration.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Config { .. } | Self::Refused(_) | Self::RecordRefused(_) | Self::Fenced(_))
    }

    /// Returns whether another member has joined the group under this member's name.
    pub fn is_replaced(&self) -> bool {
        matches!(self, Self::Fenced(RDKafkaErrorCode::FencedInstanceId))
    }

    pub(crate) fn from_delivery(error: Native) -> Self {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => Self::QueueFull,
            Some(
                code @ (RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessage
                | RDKafkaErrorCode::InvalidRecord
                | RDKafkaErrorCode::InvalidMessageSize),
            ) => Self::RecordRefused(code),
            _ => Self::Client(error),
        }
    }

    pub(crate) fn from_commit(error: Native) -> Self {
        match error.rdkafka_error_code() {
            Some(
                code @ (RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::FencedInstanceId
                | RDKafkaErrorCode::AssignmentLost),
            ) => Self::Fenced(code),
            _ => Self::Client(error),
        }
    }
}
