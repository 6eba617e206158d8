//! The behaviour of a service's process, seen from outside.
#![allow(clippy::unwrap_used, missing_docs)]
mod child;
mod environment;
mod exit_codes;
mod logs;
mod otlp;
mod shutdown;
