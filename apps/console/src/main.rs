//! The console as its own process.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_service::main::<console::Console>()
}
