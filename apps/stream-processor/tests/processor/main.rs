//! The stream-processor as a process, against a real Kafka. All tests are in one binary, so that those that wait run in
//! parallel.
#![allow(clippy::print_stderr, clippy::unwrap_used, missing_docs)]

mod alerts_blocked;
mod bad_input;
mod dead_letters_blocked;
mod half_open;
mod killed;
mod name_taken;
mod outage;
mod rebalanced;
mod recreated_input;
mod restarted;
mod support;
mod transactions;
mod unreachable;
mod wrong_clock;
