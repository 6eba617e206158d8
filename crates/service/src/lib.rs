//! The parts shared by all Tidewatch services: logs, traces, metrics, the admin listener, exit codes and an orderly
//! shutdown.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod admin;
mod exposition;
pub mod flags;
mod health;
mod host;
mod json;
mod limits;
mod listener;
mod logs;
pub mod metrics;
mod origin;
mod otlp;
mod printable;
mod registry;
mod serve;
mod service;
mod shutdown;

pub use admin::{Admin, AdminArgs};
pub use exposition::{OPENMETRICS, accepts_openmetrics, metrics_response, render_openmetrics};
pub use health::{Condition, Health};
pub use host::Host;
pub use listener::Listener;
pub use logs::{TelemetryGuard, init, init_quiet};
pub use origin::same_origin_only;
pub use printable::{Printable, printable, printable_json, printable_lines};
pub use registry::registry;
pub use service::{Parts, Service, main};
pub use shutdown::Shutdown;
