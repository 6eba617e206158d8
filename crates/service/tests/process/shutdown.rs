//! How a service's process reacts to a shutdown signal.
use crate::child::Process;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

#[test]
fn sigterm_and_sigint_drain_and_exit_0() {
    for signal in ["TERM", "INT"] {
        let mut process = Process::start(&[], &[]);
        process.log_line("working");
        process.signal(signal);
        let end = process.end_within(Duration::from_secs(5));
        assert_eq!(end.code, Some(0), "{signal}: {}", end.stdout);
        assert!(end.stdout.contains("minimal-service has drained and exits"), "{}", end.stdout);
    }
}

#[test]
fn half_open_connections_do_not_hold_up_the_end() {
    let mut process = Process::start(&[], &[]);
    let line = process.log_line("listening");
    let connect = || TcpStream::connect(line["admin"].as_str().unwrap()).unwrap();
    let held: Vec<_> = ["", "GET /livez", "POST /livez HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nhalf"]
        .into_iter()
        .map(|text| {
            let mut connection = connect();
            connection.write_all(text.as_bytes()).unwrap();
            connection
        })
        .collect();
    // Connections are accepted in order: once this one is answered, the service has accepted the others.
    let mut last = connect();
    last.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    last.read_to_string(&mut String::new()).unwrap();
    process.signal("TERM");
    let end = process.end_within(Duration::from_secs(9));
    assert_eq!(end.code, Some(0), "{}", end.stdout);
    drop(held);
}

#[test]
fn a_service_that_does_not_drain_is_ended_after_ten_seconds_with_1() {
    let mut process = Process::start(&["--behaviour", "never-drain"], &[]);
    process.log_line("working");
    let told = Instant::now();
    process.signal("TERM");
    let end = process.end_within(Duration::from_secs(15));
    assert!(told.elapsed() >= Duration::from_secs(10));
    assert_eq!(end.code, Some(1));
    assert!(end.stdout.contains("not drained after 10 s"), "{}", end.stdout);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut process = Process::start(&["--behaviour", "never-drain"], &[]);
    process.log_line("working");
    process.signal("INT");
    process.log_line("shutdown signal received, draining");
    process.signal("INT");
    let end = process.end_within(Duration::from_secs(5));
    assert_eq!(end.code, Some(1));
}
