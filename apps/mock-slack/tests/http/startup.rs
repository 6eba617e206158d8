//! Settings that can't work are rejected before anything runs.
use std::{
    net::TcpListener,
    process::{Command, Output},
};

fn start(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mock-slack")).args(["--admin-listen", "127.0.0.1:0"]).args(args).output().unwrap()
}

#[test]
fn a_port_in_use_exits_64_and_names_the_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let end = start(&["--listen", &addr]);
    let stderr = String::from_utf8(end.stderr).unwrap();
    assert_eq!(end.status.code(), Some(64));
    assert!(stderr.contains(&format!("--listen {addr}: address already in use")), "{stderr}");
}

#[test]
fn an_unwritable_directory_exits_64_and_names_the_flag() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let dir = file.path().join("history");
    let end = start(&["--listen", "127.0.0.1:0", "--data-dir", dir.to_str().unwrap()]);
    let stderr = String::from_utf8(end.stderr).unwrap();
    assert_eq!(end.status.code(), Some(64));
    assert!(stderr.contains("--data-dir") && stderr.contains("DATA_DIR"), "{stderr}");
}
