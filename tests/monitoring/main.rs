//! Metrics, rules, runbooks and their tests agree with each other.
#![allow(clippy::unwrap_used, missing_docs)]

mod alerts;
mod consistency;
mod dashboards;
mod declarations;
mod exposed;
mod rules;
mod sources;
