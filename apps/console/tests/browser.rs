//! The page in a real Chromium; see browser/console.js, which also drives a whole `tidewatch up`.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use support::Scene;
use tidewatch_testkit::{node_project, skipped};
use tokio::process::Command;

const TEST: &str = "console in a browser";
const WALK: Duration = Duration::from_secs(300);

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_a_service_break_and_heal() {
    if !on_path("chromium") {
        return skipped(TEST, "chromium is not on PATH");
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console-browser");
    let Some(folder) = node_project(&source, &scratch, TEST).await else { return };
    let scene = Scene::start().await;
    let mut script = Command::new("node");
    script
        .arg("console.js")
        .args(["--mode", "fake", "--url", &scene.console.url(), "--simulator", &scene.fakes.url])
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
