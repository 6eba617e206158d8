//! Programs that tests use if they are installed: `promtool`, `amtool`, `prometheus`, ...

use std::path::PathBuf;

use tidewatch_servers::process::Search;

use crate::skipped;

/// Returns the program with this name, from PATH or from `${XDG_CACHE_HOME:-~/.cache}/tidewatch/bin`, which
/// `tests/setup` fills. If it is in neither, reports `test` as skipped.
pub fn program(name: &str, test: &str) -> Option<PathBuf> {
    let found = Search::of_process().program(&[name]);
    if found.is_none() {
        skipped(
            test,
            format_args!(
                "needs {name}: neither on PATH nor in ${{XDG_CACHE_HOME:-~/.cache}}/tidewatch/bin; run tests/setup"
            ),
        );
    }
    found
}
