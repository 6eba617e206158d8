//! Tests that mistreat the `tidewatch` binary: attacks on its listeners and on the terminal of its user, and parts that
//! are broken on purpose.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod attacks;
mod parts;
mod sabotage;
mod terminal;
