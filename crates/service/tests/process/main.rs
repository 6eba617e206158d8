//! What a service's process does, seen from outside.
#![allow(clippy::unwrap_used, missing_docs)]
mod child;
mod environment;
mod exit_codes;
mod logs;
mod otlp;
mod shutdown;
