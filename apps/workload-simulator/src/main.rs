//! The workload simulator as its own process.
use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_service::main::<workload_simulator::WorkloadSimulator>()
}
