//! The alert-relay program.
use alert_relay::AlertRelay;
use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_service::main::<AlertRelay>()
}
