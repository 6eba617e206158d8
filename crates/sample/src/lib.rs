//! What the sample services share, and in part the workload-simulator: the API of faults, the effect of faults on
//! requests, and the request events by which the stream-processor judges them.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod events;
mod inject;
pub mod metrics;
mod sample;

pub use api::router as fault_api;
pub use sample::{Sample, SampleArgs};
