//! Tests of the `tidewatch` binary, as users run it.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod bad_usage;
mod cluster;
mod fault_to_notification;
mod healthy_is_quiet;
mod load;
mod monitoring_loop;
mod replay_accounting;
mod replay_input;
mod replay_live;
mod runbooks;
mod sample_services;
mod topics;
mod up_lifecycle;
mod verify;
