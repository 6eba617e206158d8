//! rules/tests: promtool's unit tests of the rules. Those that follow a pattern are generated.
mod scenario;
mod thresholds;
mod values;

use crate::committed::{assert_committed, root};
use std::{fs, process::Command};
use tidewatch_testkit::program;

#[test]
fn generated_rule_tests_are_what_would_be_generated_now() {
    for rules in ["stream", "platform"] {
        let generated = thresholds::generate(&format!("{rules}.yaml"));
        assert_committed(&format!("rules/tests/{rules}-thresholds.test.yaml"), &generated);
    }
}

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
    for (arguments, folder) in
        [(&["check", "rules", "--lint=all", "--lint-fatal"][..], ""), (&["test", "rules"], "tests")]
    {
        let output = Command::new(&promtool).args(arguments).args(files(folder)).output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(output.status.success(), "promtool {}:\n{said}", arguments.join(" "));
    }
}
