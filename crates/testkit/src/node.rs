//! Scripts that tests run with Node.js, and the packages they need.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tidewatch_servers::process::Search;
use tokio::process::Command;
use tokio::time::timeout;

use crate::skipped;

/// Time limit for fetching the packages.
const INSTALL: Duration = Duration::from_secs(120);
const LOCK: &str = "package-lock.json";

/// Copies the files of folder `source` to `scratch` and installs the packages of their package-lock.json there.
/// Packages from an earlier run are kept. If Node.js, npm or a package is missing, reports `test` as skipped.
pub async fn node_project(source: &Path, scratch: &Path, test: &str) -> Option<PathBuf> {
    let search = Search::of_process();
    if let Some(missing) = ["node", "npm"].into_iter().find(|program| search.program(&[program]).is_none()) {
        skipped(test, format_args!("{missing} is not on PATH"));
        return None;
    }
    std::fs::create_dir_all(scratch).unwrap();
    let read = |path: PathBuf| std::fs::read(path).unwrap_or_default();
    let installed = scratch.join("node_modules").is_dir() && read(scratch.join(LOCK)) == read(source.join(LOCK));
    for entry in std::fs::read_dir(source).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), scratch.join(entry.file_name())).unwrap();
    }
    if installed {
        return Some(scratch.to_owned());
    }
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(scratch)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let why = match timeout(INSTALL, npm).await {
        Ok(output) => {
            let output = output.unwrap();
            if output.status.success() {
                return Some(scratch.to_owned());
            }
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            format!("npm ci failed: {}", said.lines().next().unwrap_or_default())
        }
        Err(_) => "npm ci took too long".to_owned(),
    };
    let _ = std::fs::remove_dir_all(scratch.join("node_modules"));
    skipped(test, why);
    None
}
