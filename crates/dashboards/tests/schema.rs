//! Checks the dashboards against the types that Grafana publishes (npm package @grafana/schema): see schema/grafana.ts.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tidewatch_dashboards::all;
use tidewatch_testkit::node_project;
use tokio::process::Command;
use tokio::time::timeout;

const TEST: &str = "dashboards by Grafana's types";
const CHECK: Duration = Duration::from_secs(300);

#[tokio::test]
async fn dashboards_conform_to_grafanas_types() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboards-schema");
    let Some(folder) = node_project(&source, &scratch, TEST).await else { return };
    let mut typed = "import type { Ours } from './grafana.js';\n".to_owned();
    for (index, dashboard) in all().iter().enumerate() {
        write!(typed, "// {}\nexport const dashboard{index}: Ours = {};\n", dashboard.file_name, dashboard.text())
            .unwrap();
    }
    std::fs::write(folder.join("dashboards.ts"), typed).unwrap();
    let mut compiler = Command::new("node");
    compiler.args(["node_modules/typescript/bin/tsc", "--project", "."]).current_dir(&folder);
    let output = timeout(CHECK, compiler.stdin(Stdio::null()).kill_on_drop(true).output()).await;
    let output = output.expect("the compiler ends in time").unwrap();
    assert!(output.status.success(), "in {}:\n{}", folder.display(), String::from_utf8_lossy(&output.stdout));
}
