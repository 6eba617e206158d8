//! A Tidewatch in a Kubernetes cluster: finds its components, forwards their ports to this machine, tells whether its
//! pods are ready, and takes snapshots of its volumes.
//!
//! All of Tidewatch's dependence on kube-rs is in this crate. Decision 35 has the reasons for how Kafka is reached.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod addresses;
mod broker;
mod cluster;
mod component;
mod error;
mod forward;
mod pods;
mod snapshots;

pub use cluster::{Cluster, NAMESPACE};
pub use error::Error;
pub use pods::Pod;
pub use snapshots::Snapshot;
