//! The metrics bridge's own process.
use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_telemetry::main::<metrics_bridge::Bridge>()
}
