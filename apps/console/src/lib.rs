//! The live page: golden signals of every service, the state of each rule, injected faults next to detections and
//! notifications, dead letters, lag, and the latest error lines.
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

pub use service::{Config, Console};
