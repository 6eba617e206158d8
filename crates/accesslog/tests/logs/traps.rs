//! Lines with misleading numbers: an upstream's time, a size, a field of another format.

use crate::support::{check, latency, read, read_with};
use tidewatch_accesslog::{Hints, Parser, Unit};

/// Returns a line of the combined format with more fields after it.
fn combined(more: &str) -> String {
    format!(r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 200 512 "-" "curl/8.5" {more}"#)
}

#[test]
fn a_word_before_a_time_identifies_it() {
    for (more, ms) in [
        ("upstream_response_time 0.240 request_time 0.250", Some(250.0)),
        ("upstream_response_time 0.240 msec 1743574530.250 request_time 0.250", Some(250.0)),
        ("request_time 0.250 upstream_response_time 0.259", Some(250.0)),
        ("rt 0.250 urt 0.245", Some(250.0)),
        ("upstream_response_time 0.240", None),
        ("upstream_connect_time 0.004", None),
        (r#""0.250" "10.0.0.1:80" "0.240" "200""#, None),
        ("[request_time: 0.250] [upstream_response_time: 0.240]", Some(250.0)),
    ] {
        assert_eq!(latency(&read(&combined(more))), ms, "{more}");
    }
}

#[test]
fn several_numbers_that_may_be_the_time_yield_no_latency() {
    for more in ["1.137143 0.003614", "0.250123 0.0012"] {
        assert_eq!(latency(&read(&combined(more))), None, "{more}");
    }
    let micros = Hints { latency_unit: Some(Unit::Microseconds), ..Hints::default() };
    for (more, ms) in [
        ("250000 480 7512", None),
        ("480 250000", None),
        ("250000 backend-1", Some(250.0)),
        ("0 250000", Some(250.0)),
        ("3 3250000", Some(3250.0)),
        ("3 250000", None),
    ] {
        assert_eq!(latency(&read_with(&micros, &combined(more))), ms, "{more}");
    }
    let both = r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] 443 "GET /a HTTP/1.1" 200 512 "-" "curl" 250000"#;
    assert_eq!(latency(&read_with(&micros, both)), None);
}

#[test]
fn php_fpm_uses_its_own_unit() {
    let line = r#"192.0.2.4 - bob 02/Apr/2025:08:15:30 +0200 "GET /a.php" 200 /srv/a.php 250.123 2048 12.00%"#;
    assert_eq!(latency(&read(line)), None);
    assert_eq!(read(line).target.as_deref(), Some("/a.php"));
    let millis = Hints { latency_unit: Some(Unit::Milliseconds), ..Hints::default() };
    assert_eq!(latency(&read_with(&millis, line)), Some(250.123));
}

#[test]
fn a_size_is_not_a_status() {
    for (line, says) in [
        // Apache's ssl_request_log has no status.
        (r#"[02/Apr/2025:08:15:30 +0200] 192.0.2.4 TLSv1.2 ECDHE-RSA-AES256 "GET /a HTTP/1.1" 512"#, "status"),
        // S3 also logs its own operations.
        (
            concat!(
                r#"79a5 shop-bucket [02/Apr/2025:08:15:30 +0000] 192.0.2.3 79a5 3E57 S3.EXPIRE.OBJECT key "-" - - - "#,
                r#"113 - - "-" "-" -"#
            ),
            "status",
        ),
        ("2025-04-02 08:15:30 W3SVC1 GET /a 200 512", "#Fields"),
    ] {
        let read = Parser::new(Hints::default()).read(line);
        let error = read.err().unwrap_or_else(|| panic!("it was read: {line}"));
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
    // A three-digit number before the path may be a size.
    let tabs = "2025-04-02\t08:15:30\tXXX\t392\t192.0.2.1\tGET\tshop.example\t/a\t200\t418";
    check(&[(tabs, "GET /a", 200, None)]);
    assert_eq!(read(tabs).logged_at, Some("2025-04-02T08:15:30Z".parse().unwrap()));
}

#[test]
fn a_w3c_log_of_default_columns_is_read_without_its_header() {
    let columns = [
        "2025-04-02 08:15:30 LAX1 392 192.0.2.1 GET d1.cloudfront.net /a 200 - Mozilla - - Hit abc d1 https 23 0.250 -",
        "TLSv1.2 x Hit HTTP/2.0 - - 11040 0.001 Hit text/html 78 - -",
    ];
    let tabs = columns.join(" ").replace(' ', "\t");
    let cloudfront = tabs.as_str();
    let iis = "2025-04-02 08:15:30 10.0.0.1 GET /a x=1 80 - 192.0.2.1 Mozilla/5.0+(x) - 200 0 0 250";
    check(&[(cloudfront, "GET /a", 200, Some(250.0)), (iis, "GET /a", 200, Some(250.0))]);
    for line in [cloudfront, iis] {
        assert_eq!(read(line).logged_at, Some("2025-04-02T08:15:30Z".parse().unwrap()), "{line}");
    }
}

#[test]
fn a_path_where_a_request_line_was_expected_is_the_path() {
    check(&[
        (
            concat!(
                r#"{"time":"2025-04-02T08:15:30Z","request":"/a","query":"","method":"GET","status":"200","#,
                r#""duration_us":250000}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET" "/a" "HTTP/1.1" 200 512 0.250"#,
            "GET /a",
            200,
            Some(250.0),
        ),
        (r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] GET "/a" HTTP/1.1 200 512 0.250"#, "GET /a", 200, Some(250.0)),
        (
            r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] GET /a HTTP/1.1 "200" 512 "-" "curl/8.5" "-" 0.250"#,
            "GET /a",
            200,
            Some(250.0),
        ),
    ]);
}

#[test]
fn a_time_is_found_in_quotes_after_tabs_and_next_to_a_process_id() {
    let at = Some("2025-04-02T08:15:30.5Z".parse().unwrap());
    for line in [
        r#""192.0.2.4" "02/Apr/2025:10:15:30.5 +0200" "GET /a HTTP/1.1" "200" "512""#,
        "2025/04/02 08:15:30.500\tINFO\thttp.log.access\thandled request\t{\"request\": {\"method\": \"GET\", \"uri\": \
         \"/a\"}, \"status\": 200}",
        "2025-04-02T10:15:30.500+0200\tINFO\tserver/log.go:12\trequest\t{\"method\": \"GET\", \"path\": \"/a\", \
         \"status\": 200}",
        "I, [2025-04-02T08:15:30.500000 #123]  INFO -- : method=GET path=/a controller=Home action=index status=200 \
         duration=12.34",
        concat!(
            r#"{"asctime":"2025-04-02 08:15:30,500","name":"uvicorn.access","message":"127.0.0.1:5 - \"GET /a "#,
            r#"HTTP/1.1\" 200"}"#
        ),
        r#"{"log_at":"02/Apr/2025:10:15:30.5 +0200","user_req":"GET /a HTTP/1.1","http_code":"200"}"#,
    ] {
        let request = read(line);
        assert_eq!((request.logged_at, request.target.as_deref()), (at, Some("/a")), "{line}");
    }
}
