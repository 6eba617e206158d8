//! What tests share: brokers, the whole of Tidewatch as a process, real data, and waiting on conditions.
//!
//! What is not on this machine is no failure: such a helper prints `skipped: TEST: REASON` and gives `None`, upon which
//! the test returns.
// Tests have nobody to hand an error to: a helper that can't do its work fails the test.
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
