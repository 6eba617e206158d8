//! Text around a request (container runtimes, syslog), times in every notation, unusual requests, and lines without a
//! request.

use crate::support::{latency, read};
use tidewatch_accesslog::{Hints, Parser, Status, Unreadable};

const LINE: &str = r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 200 12 "-" "curl" 0.250"#;

#[test]
fn a_wrapped_line_is_read_like_the_line_alone() {
    let json = serde_json::to_string(LINE).unwrap();
    let twice = serde_json::to_string(&format!(r#"{{"log":{json},"stream":"stdout"}}"#)).unwrap();
    for wrapped in [
        format!("Apr  2 08:15:31 web2 nginx[13]: {LINE}"),
        format!("<190>Apr  2 08:15:31 web1 nginx: {LINE}"),
        format!(r#"<190>1 2025-04-02T08:15:31.003+02:00 web1 nginx 1 ACCESS [x@1 a="b"] {LINE}"#),
        format!("2025-04-02T06:15:31.207Z stdout F {LINE}"),
        format!("2025-04-02T06:15:31.207Z {LINE}"),
        format!("web-1  | {LINE}"),
        format!(r#"{{"log":{json},"stream":"stdout","time":"2025-04-02T06:15:31.2Z"}}"#),
        format!(r#"{{"MESSAGE":{json},"__REALTIME_TIMESTAMP":"1743574531000000","SYSLOG_IDENTIFIER":"nginx"}}"#),
        format!(r#"{{"@timestamp":"2025-04-02T06:15:31Z","message":{json},"log":{{"offset":5}}}}"#),
        format!(r#"{{"log":{twice},"stream":"stdout"}}"#),
    ] {
        assert_eq!(read(&wrapped), read(LINE), "{wrapped}");
    }
}

#[test]
fn wrapped_json_without_a_time_has_the_outer_time() {
    let request = read(concat!(
        r#"Apr  2 08:15:30 web1 app: { "@timestamp": "2025-04-02T08:15:30Z", "method": "GET", "url": "/x", "#,
        r#""status": "200", "request_time": 0.25}"#
    ));
    assert_eq!((latency(&request), request.target.as_deref()), (Some(250.0), Some("/x")));
    let request =
        read(r#"{"log":"{\"method\":\"GET\",\"path\":\"/a\",\"status\":200}","time":"2025-04-02T08:15:30.5Z"}"#);
    assert_eq!(request.logged_at, Some("2025-04-02T08:15:30.5Z".parse().unwrap()));
}

#[test]
fn a_time_in_brackets_is_read_in_every_notation() {
    for (bracket, at) in [
        ("02/Apr/2025:08:15:30 +0200", "2025-04-02T06:15:30Z"),
        ("02/Apr/2025:08:15:30.123 +0200", "2025-04-02T06:15:30.123Z"),
        ("02/Apr/2025:08:15:30", "2025-04-02T08:15:30Z"),
        ("02/Apr/2025:08:15:30 EDT", "2025-04-02T12:15:30Z"),
        ("2025-04-02T08:15:30+02:00", "2025-04-02T06:15:30Z"),
        ("2025-04-02 08:15:30.5", "2025-04-02T08:15:30.5Z"),
        ("1743574530.123", "2025-04-02T06:15:30.123Z"),
        ("1743574530123", "2025-04-02T06:15:30.123Z"),
    ] {
        for line in [
            format!(r#"192.0.2.4 - - [{bracket}] "GET /a HTTP/1.1" 200 12"#),
            format!(r#"192.0.2.4 [worker-7] - bob [{bracket}] "GET /a HTTP/1.1" 200 12"#),
        ] {
            assert_eq!(read(&line).logged_at, Some(at.parse().unwrap()), "{line}");
        }
    }
    let bare = read(r#"192.0.2.4 2025-04-02T08:15:30Z "GET /a HTTP/1.1" 200 12"#);
    assert_eq!(bare.logged_at, Some("2025-04-02T08:15:30Z".parse().unwrap()));
}

#[test]
fn an_invalid_request_line_still_counts_as_a_request() {
    for asked in [r"\x16\x03\x01", "-", "", "batman", "get / http/1.1", "t3 12.1.2", "SSH-2.0-Go"] {
        let request = read(&format!(r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "{asked}" 400 150 "-" "-""#));
        assert_eq!((request.target, request.status), (None, Status::Code(400)), "{asked}");
    }
}

#[test]
fn odd_targets_users_and_agents_are_read() {
    for (line, target) in [
        (r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "OPTIONS * HTTP/1.0" 200 - "-" "-" 0.250"#, "*"),
        (
            r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "CONNECT a.example:443 HTTP/1.1" 200 1 "-" "-" 0.250"#,
            "a.example:443",
        ),
        (r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a b c HTTP/1.1" 200 150 "-" "agent [x]" 0.250"#, "/a b c"),
        (r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /?q="x" HTTP/1.1" 200 150 "-" "a" 0.250"#, "/?q=\"x\""),
        (
            r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /s HTTP/1.1" 200 150 "-" "a \"b\" \x22c\x22"  0.250"#,
            "/s",
        ),
        (r#"2001:db8::7 - user with space [02/Apr/2025:08:15:30 +0200] "GET /s HTTP/3.0" 200 150 "-" "a" 0.250"#, "/s"),
        (r#"shop.example:443 [::1] - - [02/Apr/2025:08:15:30 +0200] "GET /s HTTP/3.0" 200 150 "-" "a" 0.250"#, "/s"),
    ] {
        let request = read(line);
        assert_eq!(request.target.as_deref(), Some(target), "{line}");
        assert_eq!(latency(&request), Some(250.0), "{line}");
    }
}

#[test]
fn other_lines_are_rejected_with_the_reason() {
    for (line, says) in [
        ("hello", "neither"),
        ("May 17 10:05:03 host sshd[123]: accepted", "neither"),
        (r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET / HTTP/1.1" abc 0"#, "status `abc`"),
        (r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET / HTTP/1.1" 99 0"#, "status `99`"),
        (r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET / HTTP/1.1""#, "status"),
        (r#"192.0.2.4 - - [32/Apr/2025:08:15:30 +0200] "GET / HTTP/1.1" 200 0"#, "time `32/Apr"),
        (r#"192.0.2.4 - - [02/avr./2025:08:15:30 +0200] "GET / HTTP/1.1" 200 0"#, "time `02/avr."),
        ("{", "not JSON"),
        ("{}", "the status"),
        (r#"{"time":"2025-04-02T08:15:30Z","status":200}"#, "the path"),
        (r#"{"time":"noon","status":200,"path":"/"}"#, "noon"),
        (r#"{"time":"2025-04-02T08:15:30Z","status":"ok","path":"/"}"#, "ok"),
        ("level=info method=GET path=/a", "the status"),
    ] {
        let error = Parser::new(Hints::default()).read(line).unwrap_err();
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
}

#[test]
fn a_reason_contains_no_control_characters() {
    let line = "{\"time\":\"\\u001b[2Jnoon\",\"status\":200,\"path\":\"/\"}";
    let error = Parser::new(Hints::default()).read(line).unwrap_err();
    assert!(matches!(error, Unreadable::Field { .. }));
    assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
}
