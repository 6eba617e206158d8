//! Prometheus, Alertmanager and Grafana as Tidewatch runs them on one machine: found, configured, started, supervised.
//!
//! Each is a child process on loopback with everything it keeps in a directory of its own; its configuration is written anew
//! at every start. How Alertmanager groups, inhibits and routes is said once, in [`alertmanager`]: `up` and production differ
//! in their receivers only.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod alertmanager;
mod embedded;
mod error;
pub mod grafana;
mod installation;
pub mod prometheus;
mod running;

pub use embedded::{File, rules, slos};
pub use error::BackendError;
pub use installation::{Installation, NotFound};
pub use running::Running;
