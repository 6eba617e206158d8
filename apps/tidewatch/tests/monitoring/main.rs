//! What is said about metrics, rules, runbooks and their tests in different places agrees.
#![allow(clippy::unwrap_used, missing_docs)]

mod alerts;
mod consistency;
mod dashboards;
mod declarations;
mod exposed;
mod rules;
mod sources;
