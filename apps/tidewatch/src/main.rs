//! The `tidewatch` command.

fn main() -> std::process::ExitCode {
    tidewatch::main()
}
