//! The shell scripts that users run or source, in a simulated environment.
#![allow(clippy::unwrap_used, missing_docs)]

mod env;
mod push;
