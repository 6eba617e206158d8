//! The parts shared by all Tidewatch services: logs, traces, metrics, the admin listener, exit codes and an orderly
//! shutdown.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bound;
mod exemplars;
mod exposition;
mod failure;
pub mod flags;
mod health;
mod host;
mod json;
mod limits;
mod listen;
mod listener;
mod logs;
pub mod metrics;
mod origin;
mod otlp;
mod parts;
mod printable;
mod problem;
mod process;
mod registry;
mod requests;
mod serve;
mod service;
mod shutdown;

pub use bound::Bound;
pub use exposition::{OPENMETRICS, accepts_openmetrics, render_openmetrics};
pub use failure::Failure;
pub use health::{Condition, Health};
pub use host::Host;
pub use listen::ListenArgs;
pub use logs::{TelemetryGuard, init, init_quiet};
pub use origin::same_origin_only;
pub use parts::Parts;
pub use printable::{Printable, printable, printable_json, printable_lines};
pub use problem::problem;
pub use process::main;
pub use requests::{ACTIVE_REQUESTS, Finished, REQUEST_DURATION, Requests};
pub use service::{DRAIN, RUN_DRAIN, Service};
pub use shutdown::Shutdown;
