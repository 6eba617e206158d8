//! The simulated workload: four services in three regions, and the faults that break them.
//!
//! It is a pure function from seed and time to events. The workload-simulator sends these events; tests of the
//! detection and the benchmark of the services use them directly.
//!
//! ```
//! use jiff::{Timestamp, ToSpan};
//! use tidewatch_workload::{FaultBook, FaultKind, Generator, Injection, Workload};
//!
//! let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
//! let mut faults = FaultBook::new();
//! let silence = Injection { service: "api-service".into(), region: None, kind: FaultKind::Silence, value: 1.0 };
//! faults.inject(silence, start + 30.seconds(), None);
//! let emissions = Generator::new(Workload::default(), 1, start).until(start + 60.seconds(), &faults, usize::MAX);
//! // 20 requests per second and service: 30 s of api-service, 60 s of the other three.
//! assert_eq!(emissions.len(), 20 * (30 + 3 * 60));
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod faults;
mod generator;
mod malformed;
mod profiles;

pub use faults::{Effect, Fault, FaultBook, FaultKind, Injection};
pub use generator::{Emission, Generator, Payload};
pub use malformed::Malformation;
pub use profiles::{Endpoint, ServiceProfile, Workload};
