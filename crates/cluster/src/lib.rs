//! A Tidewatch in a Kubernetes cluster: finds its components, forwards their ports to this machine, and tells whether
//! its pods are ready.
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

pub use cluster::{Cluster, NAMESPACE};
pub use error::Error;
pub use pods::Pod;
