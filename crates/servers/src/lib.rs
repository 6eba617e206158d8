//! Third-party servers that Tidewatch runs on one machine, such as Apache Kafka and Prometheus.
//!
//! Each server has one file, which defines how it is found, configured from the addresses of the others ([`Backend`]),
//! run and checked for readiness ([`Server`]); [`Running`] starts, restarts and stops it. Each is a child process on
//! loopback that keeps all its files in a directory of its own, and its configuration is written at every start.
//! Settings that do not depend on addresses are in `platform/`, where Nix reads them, too. How Alertmanager groups,
//! inhibits and routes alerts is defined once, in [`alertmanager`]: `up` and production differ only in their receivers.
#![cfg_attr(test, allow(clippy::unwrap_used))]

use std::net::{Ipv4Addr, SocketAddr};

pub mod alertmanager;
mod backend;
mod embedded;
mod error;
pub mod grafana;
mod installation;
pub mod kafka;
pub mod process;
pub mod prometheus;
mod running;
mod server;
mod settings;
mod wiring;

pub use backend::Backend;
pub use embedded::{File, rules, slos};
pub use error::ServerError;
pub use installation::{Installation, NotFound};
pub use running::Running;
pub use server::{Place, Preparation, Ready, Server};
pub use wiring::{Peers, Wiring};

/// The servers that `tidewatch up` starts beside the broker, each after those that it needs.
pub const BACKENDS: &[Backend] = &[prometheus::BACKEND, alertmanager::BACKEND, grafana::BACKEND];

/// Returns this port's address on this machine, where every server listens.
fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
