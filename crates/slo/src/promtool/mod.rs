//! Unit tests for promtool: simulated services, outages of known length, and the expected state of each alert.

mod outage;
mod scenario;

pub use outage::{SCRAPE, Subject, spent, steady};
pub use scenario::{Check, Counter, File, Scenario};
