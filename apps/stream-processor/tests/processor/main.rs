//! The stream-processor as a process, against a real Kafka. One program, so that tests that wait do so side by side.
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
