//! Unit tests for promtool: simulated services, outages of a known length, and what each alert must do about them.

mod outage;
mod scenario;

pub use outage::{SCRAPE, Subject, spent, steady};
pub use scenario::{Check, Counter, File, Scenario};
