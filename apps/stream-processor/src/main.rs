//! The stream-processor as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidewatch_service::main::<stream_processor::Processor>()
}
