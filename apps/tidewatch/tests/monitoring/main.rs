//! What is said about metrics, rules, runbooks and their tests in different places agrees.
#![allow(clippy::unwrap_used, missing_docs)]

mod committed;
mod consistency;
mod dashboards;
mod exposed;
mod page;
mod rule_tests;
mod sources;
