//! Lines for the user on stdout. Nothing that is not printable gets through, whatever the data in them: a line that has
//! none but line feeds of ours wraps its data in [`printable`](tidewatch_service::printable).

use std::fmt;
use std::io::Write;

use tidewatch_service::printable_lines;

/// Prints a line, formatted as `println!` does. Nobody reading it any more (`tidewatch up | head`) is no reason to end.
macro_rules! say {
    ($($line:tt)*) => { $crate::say::line(format_args!($($line)*)) };
}
pub(crate) use say;

/// What `say!` calls.
pub(crate) fn line(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{}", printable_lines(line));
}
