//! The live page: golden signals of every service, the state of each rule, what was injected beside what was detected
//! and who was told, dead letters, lag, and the last error lines.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod alerts;
#[cfg(test)]
mod fixture;
pub mod letters;
mod metrics;
pub mod peers;
pub mod processes;
pub mod rules;
mod server;
mod service;
pub mod signals;
mod sources;
mod standing;
pub mod state;
pub mod story;
pub mod view;

pub use metrics::METRICS;
pub use service::{Config, Console};
