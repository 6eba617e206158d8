//! Real data that is not part of the repository.

use std::path::PathBuf;

use crate::skipped;

/// The variable that names the folder of the data.
const VARIABLE: &str = "TIDEWATCH_DATA";

/// Returns a file or folder of the data in `$TIDEWATCH_DATA`, such as `access-logs/apache-combined.log`. If it is
/// missing, reports `test` as skipped.
pub fn data(test: &str, name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os(VARIABLE) else {
        skipped(test, format_args!("needs {name}, and {VARIABLE} is not set"));
        return None;
    };
    let path = PathBuf::from(folder).join(name);
    if !path.exists() {
        skipped(test, format_args!("there is no {}, see {VARIABLE}", path.display()));
        return None;
    }
    Some(path)
}
