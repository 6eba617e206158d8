//! The metrics bridge as a program.
use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_service::main::<metrics_bridge::MetricsBridge>()
}
