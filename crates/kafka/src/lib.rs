//! Tidewatch's use of Kafka: the topics and their settings, a producer, consumers with and without a group, and an
//! in-process broker for `up` and the tests.
//!
//! All of Tidewatch's dependence on librdkafka is in this crate.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod broker;
mod client;
mod config;
mod ends;
mod error;
mod fetched;
mod group;
mod lost;
mod message;
pub mod metrics;
mod producer;
mod properties;
mod pulse;
mod reach;
mod reader;
mod serves;
pub mod topics;

pub use config::KafkaArgs;
pub use error::KafkaError;
pub use fetched::Fetched;
pub use group::{Commit, Committed, Ends, GroupArgs, GroupConsumer, Ownership};
pub use message::{Incoming, Message, Record};
pub use producer::{Ack, DeliveryStats, Producer};
pub use properties::{Properties, Property};
pub use reach::reach;
pub use reader::{Reader, Start};
pub use serves::serves;
pub use topics::{Topic, partition_of};
