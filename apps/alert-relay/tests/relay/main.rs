//! Tests of alert-relay between a broker and receivers.
#![allow(clippy::unwrap_used, missing_docs)]
mod alertmanager;
mod failing_receivers;
mod kafka;
mod proxy;
mod receiver;
mod restarts;
mod running;
mod startup;
