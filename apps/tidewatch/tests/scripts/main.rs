//! The shell scripts that users run or source, against made-up surroundings.
#![allow(clippy::unwrap_used, missing_docs)]

mod env;
mod push;
