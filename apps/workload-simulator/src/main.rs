//! The workload simulator's own process.
use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_telemetry::main::<workload_simulator::Simulator>()
}
