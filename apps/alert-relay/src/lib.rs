//! Delivers `alerts.fired` to Alertmanager or webhooks: every transition, in order, at least once.
//!
//! `state` decides what is sent and when, without I/O or a clock; `delivery` sends it; `run` connects both to Kafka.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod delivery;
mod metrics;
mod payload;
mod rebuild;
mod run;
mod service;
mod state;

pub use service::{AlertRelay, Config};
