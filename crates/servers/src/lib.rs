//! Third-party servers that Tidewatch runs on one machine: Apache Kafka, Prometheus, Alertmanager and Grafana.
//!
//! Each server has one file, which defines how it is found, configured, run and checked for readiness ([`Server`]);
//! [`Running`] starts, restarts and stops it. Each is a child process on loopback that keeps all its files in a
//! directory of its own, and its configuration is written at every start. Settings that do not depend on addresses are
//! in `platform/`, where Nix reads them, too. How Alertmanager groups, inhibits and routes alerts is defined once, in
//! [`alertmanager`]: `up` and production differ only in their receivers.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod alertmanager;
mod embedded;
mod error;
pub mod grafana;
mod installation;
pub mod kafka;
mod platform;
pub mod process;
pub mod prometheus;
mod running;
mod server;

pub use embedded::{File, rules, slos};
pub use error::ServerError;
pub use installation::{Installation, NotFound};
pub use running::Running;
pub use server::{Place, Preparation, Ready, Server};
