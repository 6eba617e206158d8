//! Real data, written elsewhere, that is no part of the repository.

use std::path::{Path, PathBuf};

use crate::skipped;

/// A file or folder of the shared data, such as `access-logs/apache-combined.log`: looked up in `$TIDEWATCH_DATA`, else in
/// `../shared/data` beside the workspace. Where it isn't there, says that `test` is skipped.
pub fn data(test: &str, name: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let places = match std::env::var_os("TIDEWATCH_DATA") {
        Some(dir) => vec![PathBuf::from(dir), workspace.join("../shared/data")],
        None => vec![workspace.join("../shared/data")],
    };
    let found = places.iter().map(|place| place.join(name)).find(|path| path.exists());
    if found.is_none() {
        skipped(test, format_args!("no {name} in TIDEWATCH_DATA or in ../shared/data beside the workspace"));
    }
    found
}
