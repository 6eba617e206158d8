//! The generated rules, evaluated by promtool.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod budget;
mod kinds;
mod run;
