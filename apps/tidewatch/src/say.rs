//! Prints lines for the user on stdout. Only printable characters get through, whatever the data contains: a line in
//! which no line feeds but ours may appear wraps its data in [`printable`](tidewatch_service::printable).

use std::fmt;
use std::io::Write;

use tidewatch_service::printable_lines;

/// Prints a line, formatted as by `println!`. The program continues if stdout is closed (`tidewatch up | head`).
macro_rules! say {
    ($($line:tt)*) => { $crate::say::line(format_args!($($line)*)) };
}
pub(crate) use say;

/// Prints a line for `say!`.
pub(crate) fn line(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{}", printable_lines(line));
}
