//! The files in dashboards/ match what the code builds.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_committed_files_match_the_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dashboards");
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<String> = entries.collect();
    let dashboards = tidewatch_dashboards::all();
    let expected: BTreeSet<String> = dashboards.iter().map(|dashboard| dashboard.file_name.clone()).collect();
    assert_eq!(there, expected, "run `cargo xtask generate`");
    for dashboard in &dashboards {
        let file = std::fs::read_to_string(folder.join(&dashboard.file_name)).unwrap();
        assert!(
            file == dashboard.text(),
            "dashboards/{} does not match the code: run `cargo xtask generate`",
            dashboard.file_name
        );
    }
}
