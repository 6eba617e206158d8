//! Lines for the user on stdout.

use std::fmt;
use std::io::Write;

/// Prints a line, formatted as `println!` does. Nobody reading it any more (`tidewatch up | head`) is no reason to end.
macro_rules! say {
    ($($line:tt)*) => { $crate::say::line(format_args!($($line)*)) };
}
pub(crate) use say;

/// What `say!` calls.
pub(crate) fn line(line: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
