//! The metrics bridge's own process.
use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_service::main::<metrics_bridge::Bridge>()
}
