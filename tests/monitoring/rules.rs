//! promtool accepts the rules and their tests pass.
use crate::sources::root;
use std::{fs, process::Command};
use tidewatch_testkit::program;

#[test]
fn rules_pass_promtools_check_and_their_unit_tests() {
    let Some(promtool) = program("promtool", "rules_pass_promtools_check_and_their_unit_tests") else { return };
    let rules = root().join("rules");
    let files = |folder: &str| {
        let entries = fs::read_dir(rules.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
        files.sort();
        files
    };
    let mut tests = files("tests");
    // The tests of SLOs take longer; crates/slo runs them.
    tests.retain(|path| !path.file_name().unwrap().to_string_lossy().starts_with("slos"));
    let all = [files(""), files("kubernetes")].concat();
    for (arguments, files) in
        [(&["check", "rules", "--lint=all", "--lint-fatal"][..], all), (&["test", "rules"], tests)]
    {
        let output = Command::new(&promtool).args(arguments).args(files).output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(output.status.success(), "promtool {}:\n{said}", arguments.join(" "));
    }
}
