//! The output of a service's process on stdout when that is not a terminal.
use crate::child::Process;
use std::time::Duration;

#[test]
fn log_lines_are_json_with_trace_ids_inside_a_span() {
    let mut process = Process::start(&[], &[]);
    let outside = process.log_line(concat!("minimal-service ", env!("CARGO_PKG_VERSION"), " is starting"));
    let listening = process.log_line("listening");
    let inside = process.log_line("working");
    process.signal("TERM");
    assert_eq!(process.end_within(Duration::from_secs(5)).code, Some(0));

    assert!(outside.get("trace_id").is_none());
    assert!(listening["admin"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert_eq!(inside["level"], "INFO");
    assert_eq!(inside["service"], "minimal-service");
    assert_eq!(inside["span"], "begin_work");
    assert!(inside["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(inside["trace_id"].as_str().unwrap().len(), 32);
    assert_eq!(inside["span_id"].as_str().unwrap().len(), 16);
}

#[test]
fn rust_log_silences_what_is_below_it() {
    let process = Process::start(&["--behaviour", "fail"], &[("RUST_LOG", "error")]);
    let end = process.end_within(Duration::from_secs(5));
    assert_eq!(end.stdout.lines().count(), 1, "{}", end.stdout);
}
