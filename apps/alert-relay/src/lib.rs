//! Brings `alerts.fired` to Alertmanager or a webhook: every transition surely, in order, and told to be so.
//!
//! `state` decides what is sent when and has neither I/O nor a clock; `delivery` sends it; `run` joins them to Kafka.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod delivery;
mod http_url;
mod metrics;
mod payload;
mod rebuild;
mod run;
mod service;
mod state;

pub use http_url::HttpUrl;
pub use metrics::METRICS;
pub use service::{AlertRelay, Config};
