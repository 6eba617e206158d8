//! The exit codes of a service's process: 64 misconfigured, 1 failed, 0 ended in order.
use crate::child::Process;
use std::{net::TcpListener, time::Duration};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn an_unknown_flag_exits_64_and_names_it() {
    let end = Process::start(&["--surprise"], &[]).end_within(SOON);
    assert_eq!(end.code, Some(64));
    assert!(end.stderr.contains("--surprise"), "{}", end.stderr);
}

#[test]
fn a_bad_value_from_the_environment_exits_64_and_names_the_flag() {
    let end = Process::start(&[], &[("ADMIN_LISTEN", "nowhere")]).end_within(SOON);
    assert_eq!(end.code, Some(64));
    assert!(end.stderr.contains("--admin-listen"), "{}", end.stderr);
}

#[test]
fn a_port_in_use_exits_64_with_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let end = Process::start(&["--admin-listen", &addr], &[]).end_within(SOON);
    assert_eq!(end.code, Some(64));
    let expected = format!(
        "error: --admin-listen {addr}: address already in use; choose another with --admin-listen or ADMIN_LISTEN\n"
    );
    assert_eq!(end.stderr, expected);
}

#[test]
fn a_bad_log_filter_exits_64_and_names_the_variable() {
    let end = Process::start(&[], &[("RUST_LOG", "info=loud=very")]).end_within(SOON);
    assert_eq!(end.code, Some(64));
    assert!(end.stderr.contains("RUST_LOG=info=loud=very"), "{}", end.stderr);
}

#[test]
fn help_and_version_exit_0() {
    let end = Process::start(&["--help"], &[]).end_within(SOON);
    assert_eq!(end.code, Some(0));
    assert!(end.stdout.contains("Does nothing but live") && end.stdout.contains("ADMIN_LISTEN"), "{}", end.stdout);
    let end = Process::start(&["--version"], &[]).end_within(SOON);
    assert_eq!((end.code, end.stdout.starts_with("minimal-service ")), (Some(0), true));
}

#[test]
fn a_service_that_fails_exits_1_and_logs_why() {
    let end = Process::start(&["--behaviour", "fail"], &[]).end_within(SOON);
    assert_eq!(end.code, Some(1));
    assert!(end.stdout.contains("minimal-service failed: asked to fail"), "{}", end.stdout);
}

#[test]
fn a_service_that_panics_exits_1() {
    let end = Process::start(&["--behaviour", "panic"], &[]).end_within(SOON);
    assert_eq!(end.code, Some(1));
    assert!(end.stdout.contains("minimal-service failed: it panicked"), "{}", end.stdout);
}
