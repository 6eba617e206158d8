//! mock-slack over HTTP, as senders and readers see it.
#![allow(clippy::unwrap_used, missing_docs)]
mod cross_origin;
mod disk;
mod page;
mod running;
mod startup;
mod webhooks;
