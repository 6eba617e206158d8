//! Helpers shared by tests: brokers and their clients, services, the whole of Tidewatch as a process, an API server of
//! Kubernetes, ordinary records, real data, and waiting for conditions.
//!
//! A missing program or file is not a failure: the helper prints `skipped: TEST: REASON` and returns `None`, and the
//! test returns.
// Tests can't propagate errors: a helper that can't do its work fails the test.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

mod admin;
mod broker;
pub mod cluster;
mod data;
mod eventually;
mod fixtures;
mod node;
mod program;
mod proxy;
mod service;
mod skipped;
mod stack;
mod transactions;

pub use admin::Admin;
pub use broker::{Broker, brokers, kafka};
pub use data::data;
pub use eventually::eventually;
pub use fixtures::{alert, record, request};
pub use node::node_project;
pub use program::program;
pub use proxy::Proxy;
pub use service::{RunningService, configuration};
pub use skipped::skipped;
pub use stack::{Stack, StackOptions};
pub use transactions::Transactions;
