//! The user-service program.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_service::main::<user_service::UserService>()
}
