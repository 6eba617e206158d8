//! The committed tests of the committed rules are those that are generated. They are run with those of the other rules.

use crate::committed;

#[test]
fn committed_rule_tests_are_those_that_are_generated() {
    let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let slos = tidewatch_slo::load_dir(format!("{repository}/docs/slos").as_ref()).unwrap();
    for (name, generated) in committed::files(&slos) {
        let committed = std::fs::read_to_string(format!("{repository}/rules/tests/{name}")).unwrap();
        assert!(
            committed == generated,
            "rules/tests/{name} has drifted: run `cargo run -p tidewatch-slo --example rule_tests`"
        );
    }
}
