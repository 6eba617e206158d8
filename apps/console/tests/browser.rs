//! The page in a real Chromium: see browser/console.js, which also drives a whole `tidewatch up`.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use support::Scene;
use tidewatch_testkit::skipped;
use tokio::process::Command;

const TEST: &str = "console in a browser";
const INSTALL: Duration = Duration::from_secs(120);
const WALK: Duration = Duration::from_secs(300);

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The script with its pinned packages, outside the source tree; or why it can't be had.
async fn install() -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console-browser");
    std::fs::create_dir_all(&folder).unwrap();
    let read = |path: PathBuf| std::fs::read(path).unwrap_or_default();
    let lock = "package-lock.json";
    let installed = folder.join("node_modules").is_dir() && read(folder.join(lock)) == read(source.join(lock));
    for file in ["console.js", "package.json", lock] {
        std::fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    if installed {
        return Ok(folder);
    }
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(INSTALL, npm).await.map_err(|_| "npm ci took too long".to_owned())?.unwrap();
    if output.status.success() {
        return Ok(folder);
    }
    let _ = std::fs::remove_dir_all(folder.join("node_modules"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("npm ci failed: {}", said.lines().next().unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_a_service_break_and_heal() {
    if let Some(missing) = ["node", "npm", "chromium"].into_iter().find(|program| !on_path(program)) {
        return skipped(TEST, format_args!("{missing} is not on PATH"));
    }
    let folder = match install().await {
        Ok(folder) => folder,
        Err(why) => return skipped(TEST, why),
    };
    let scene = Scene::start().await;
    let mut script = Command::new("node");
    script
        .arg("console.js")
        .args(["--mode", "fake", "--url", &scene.console.url, "--simulator", &scene.fakes.url])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(screenshots) = std::env::var_os("CONSOLE_SCREENSHOTS") {
        script.arg("--screenshots").arg(screenshots);
    }
    let output = tokio::time::timeout(WALK, script.output()).await.expect("the walk ends in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
