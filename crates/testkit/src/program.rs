//! Programs that tests run where they are installed: `promtool`, `amtool`, `prometheus`, ...

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::skipped;

/// The program of this name, from PATH or from `${XDG_CACHE_HOME:-~/.cache}/tidewatch/bin`, which `tests/setup` fills. Where
/// it is in neither, says that `test` is skipped.
pub fn program(name: &str, test: &str) -> Option<PathBuf> {
    let absolute = |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain(cache.map(|cache| cache.join("tidewatch/bin")));
    let found = dirs.map(|dir| dir.join(name)).find(|file| executable(file));
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

fn executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
