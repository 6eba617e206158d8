//! Helpers shared by tests: brokers, the whole of Tidewatch as a process, real data, and waiting for conditions.
//!
//! A missing program or file is not a failure: the helper prints `skipped: TEST: REASON` and returns `None`, and the
//! test returns.
// Tests can't propagate errors: a helper that can't do its work fails the test.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

mod broker;
mod data;
mod eventually;
mod node;
mod program;
mod skipped;
mod stack;

pub use broker::Broker;
pub use data::data;
pub use eventually::eventually;
pub use node::node_project;
pub use program::program;
pub use skipped::skipped;
pub use stack::{Notification, Stack, StackOptions};
