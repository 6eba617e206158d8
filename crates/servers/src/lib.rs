//! Other people's servers as Tidewatch runs them on one machine: Apache Kafka, Prometheus, Alertmanager and Grafana.
//!
//! Each server has one file, which says how it is found, configured, run and known to be ready ([`Server`]);
//! [`Running`] starts, restarts and ends it. Each is a child process on loopback with everything it keeps in a
//! directory of its own, and its configuration is written at every start. Settings that do not depend on addresses are
//! in `platform/`, where Nix reads them, too. How Alertmanager groups, inhibits and routes is said once, in
//! [`alertmanager`]: `up` and production differ in their receivers only.
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
