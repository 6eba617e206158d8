//! The stream-processor's executable.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_service::main::<stream_processor::StreamProcessor>()
}
