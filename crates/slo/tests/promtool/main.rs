//! The generated rules, evaluated by promtool.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../../examples/rule_tests/committed.rs"]
mod committed;
#[path = "../../examples/rule_tests/outage.rs"]
mod outage;
#[path = "../../examples/rule_tests/scenario.rs"]
mod scenario;

mod budget;
mod drift;
mod kinds;
mod run;
