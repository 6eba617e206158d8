//! The environment variables that a service's flags are read from.
use crate::child::{End, Process};
use std::time::Duration;

fn end(args: &[&str], variables: &[(&str, &str)]) -> End {
    Process::start(args, variables).end_within(Duration::from_secs(10))
}

#[test]
fn the_prefixed_variable_counts_before_the_bare_one_and_an_empty_one_is_not_set() {
    for variables in [
        &[("BEHAVIOUR", "fail")][..],
        &[("TIDEWATCH_BEHAVIOUR", "fail")],
        &[("TIDEWATCH_BEHAVIOUR", "fail"), ("BEHAVIOUR", "panic")],
        &[("TIDEWATCH_BEHAVIOUR", ""), ("BEHAVIOUR", "fail")],
    ] {
        let end = end(&[], variables);
        assert!(end.stdout.contains("failed: asked to fail"), "{variables:?}: {}{}", end.stdout, end.stderr);
    }
    let mut process = Process::start(&[], &[("BEHAVIOUR", ""), ("TIDEWATCH_BEHAVIOUR", ""), ("ALLOWED_HOST", "")]);
    process.log_line("working");
    process.signal("TERM");
    assert_eq!(process.end_within(Duration::from_secs(10)).code, Some(0));
}

#[test]
fn an_error_names_a_secret_flag_without_its_value() {
    for (args, variables) in [
        (&[][..], &[("SECRET", "hunter2")][..]),
        (&[], &[("TIDEWATCH_SECRET", "hunter2")]),
        (&["--secret", "hunter2"], &[]),
        (&["--secret=hunter2"], &[]),
    ] {
        let end = end(args, variables);
        assert_eq!(end.code, Some(64));
        assert!(end.stderr.contains("--secret") && end.stderr.contains("expected something else"), "{}", end.stderr);
        assert!(!end.stderr.contains("hunter2"), "{}", end.stderr);
    }
}
