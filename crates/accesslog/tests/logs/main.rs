//! Logs of every producer, one module per topic.
#![allow(clippy::unwrap_used)]

mod clouds;
mod frameworks;
mod hints;
mod lines;
mod nginx;
mod properties;
mod proxies;
mod shapes;
mod support;
mod traps;
