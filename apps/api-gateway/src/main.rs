//! The api-gateway program.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_service::main::<api_gateway::ApiGateway>()
}
