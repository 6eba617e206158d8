//! The console as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_service::main::<console::Console>()
}
