//! The mock-slack program.
use mock_slack::MockSlack;
use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_service::main::<MockSlack>()
}
