//! Service level objectives: reads OpenSLO v1 and writes Prometheus rules.
//!
//! [`load_dir`] and [`parse`] read objectives and refuse unsupported ones, with file and line. [`generate`] writes the
//! recording and alerting rules; `docs/slo.md` explains how they work. [`burn`] defines the burn-rate alerts and
//! computes when they fire. [`promtool`] writes unit tests for the rules.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod burn;
mod duration;
mod generate;
mod load;
mod openslo;
mod problem;
mod promql;
pub mod promtool;
mod scale;
mod slo;
mod yaml;

pub use duration::Span;
pub use generate::generate;
pub use load::{Loaded, Source, load, load_dir, parse, read};
pub use problem::{LoadError, Place, Problem, Refused};
pub use promql::{Known, Metrics, NothingKnown};
pub use scale::{InvalidScale, Scale};
pub use slo::{Budgeting, Comparison, Indicator, Query, Slo, Window};
