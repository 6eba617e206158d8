//! What can go wrong between Tidewatch and a broker.

use std::time::Duration;

use rdkafka::error::{KafkaError as Native, RDKafkaErrorCode};

/// A failed operation on Kafka.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KafkaError {
    /// `--brokers` or `--kafka-config` can't be used.
    #[error("{flag}: {problem}")]
    Config {
        /// The flag that has to change.
        flag: &'static str,
        /// What is wrong with its value, and what would be right.
        problem: String,
    },
    /// The producer's queue is full: the broker takes records more slowly than they are made.
    #[error("the producer's queue is full: the broker takes records too slowly or is out of reach")]
    QueueFull,
    /// The broker refused a record for what it is; sending it again would change nothing.
    #[error("the broker refuses the record: {0}")]
    RecordRefused(RDKafkaErrorCode),
    /// An answer did not come in time.
    #[error("no answer from the broker within {}s while {doing}", .limit.as_secs())]
    Timeout {
        /// What was being done.
        doing: &'static str,
        /// How long was waited.
        limit: Duration,
    },
    /// A topic that has to exist doesn't, or differs from what is needed.
    #[error("topic {topic}: {problem}")]
    Topic {
        /// Name of the topic.
        topic: String,
        /// What is wrong with it.
        problem: String,
    },
    /// This member no longer owns what it wanted to commit.
    #[error("the group has moved on: {0}")]
    Fenced(RDKafkaErrorCode),
    /// Everything else that librdkafka reports.
    #[error("{0}")]
    Client(#[from] Native),
}

impl KafkaError {
    /// Whether another try may succeed without anybody changing the record or the configuration.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Config { .. } | Self::RecordRefused(_) | Self::Fenced(_))
    }

    /// Whether another member has joined the group under this one's name.
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
