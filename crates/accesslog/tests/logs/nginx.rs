//! nginx and ingress-nginx: the latency is the request's, never an upstream's.

use crate::support::{check, latency, read};

/// Returns a line of the combined format with more fields after it.
fn combined(more: &str) -> String {
    format!(r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /cart/7?x=1 HTTP/2.0" 200 512 "-" "curl/8.5" {more}"#)
}

#[test]
fn the_request_time_is_found_next_to_any_other_field() {
    for (more, ms) in [
        ("0.250", 250.0),
        ("0.250 0.249", 250.0),
        ("0.250 -", 250.0),
        ("0.250 0.100, 0.149", 250.0),
        ("0.250 0.100 : 0.149", 250.0),
        ("0.250 0.249 .", 250.0),
        ("0.250 0.249 p", 250.0),
        // If the upstream's time comes first, it is the shorter one.
        ("0.004 0.250", 250.0),
        ("0.001, 0.003 0.250", 250.0),
        ("- 0.250", 250.0),
        // Members of an upstream's list never count, even if the request took hardly longer.
        ("0.242 : 0.002 0.250", 250.0),
        ("0.242, 0.002 0.250", 250.0),
        // nginx reads its clock once per iteration of its event loop, so an upstream may appear to take a little
        // longer.
        ("0.250 0.252", 250.0),
        (r#""192.0.2.9" 0.250"#, 250.0),
        (r#""192.0.2.9, 192.0.2.10" "0.250" "0.249""#, 250.0),
        (r#""0.250" "0.249""#, 250.0),
        (r#""0.250" "0.100, 0.149""#, 250.0),
        ("rt=0.250 uct=0.001 uht=0.2 urt=0.249", 250.0),
        (r#"rt=0.250 uct="0.001" urt="0.100, 0.149""#, 250.0),
        (r#""rt=0.250" "urt=0.249""#, 250.0),
        (r#"request_time="0.250" upstream_response_time="0.249""#, 250.0),
        ("reqtime=0.250", 250.0),
        ("rt: 0.250 urt: 0.249", 250.0),
        ("urt=0.249 rt=0.250", 250.0),
        ("0.250 10.0.0.5:8080 0.249 HIT", 250.0),
        ("0.000", 0.0),
    ] {
        assert_eq!(latency(&read(&combined(more))), Some(ms), "{more}");
    }
}

#[test]
fn ingress_nginx_has_it_before_the_upstreams_name() {
    for (more, ms) in [
        ("480 0.250 [shop-web-80] [] 10.1.2.3:80 512 0.249 200 5f2e", 250.0),
        ("480 0.250 [shop-web-80] [alt] 10.1.2.3:80, 10.1.2.4:80 0, 512 0.100, 0.149 502, 200 5f2e", 250.0),
        ("480 0.000 [shop-web-80] [] - - - - 5f2e", 0.0),
    ] {
        assert_eq!(latency(&read(&combined(more))), Some(ms), "{more}");
    }
}

#[test]
fn times_may_stand_before_status_request_or_everything() {
    check(&[
        (
            r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 0.250 0.249 200 512 "-" "curl/8.5" "-""#,
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"0.250 0.249 192.0.2.4 - 10.0.0.1:80 [02/Apr/2025:08:15:30 +0200] shop.example "GET /a HTTP/1.1" "#,
                r#"404 512 "-" "curl""#
            ),
            "GET /a",
            404,
            Some(250.0),
        ),
        (
            "192.0.2.4\t02/Apr/2025:08:15:30 +0200\tGET /a HTTP/1.1\t0.250\t200\t512\t-\tcurl/8.5 (x)",
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"- 0.250 192.0.2.4 - 10.0.0.1:80 [02/Apr/2025:08:15:30 +0200] shop.example "GET /a HTTP/1.1" 404 "#,
                r#"512 "-" "curl""#
            ),
            "GET /a",
            404,
            Some(250.0),
        ),
        (
            r#"192.0.2.4 | - | [02/Apr/2025:08:15:30 +0200] | "GET /a HTTP/1.1" | 200 | 512 | 0.250 | 0.249"#,
            "GET /a",
            200,
            Some(250.0),
        ),
    ]);
}

#[test]
fn json_is_read_by_its_usual_names() {
    check(&[
        (
            concat!(
                r#"{"time_local":"02/Apr/2025:08:15:30 +0200","request":"GET /a HTTP/1.1","status":"502","#,
                r#""request_time":"0.250","upstream_response_time":"0.100, 0.149"}"#
            ),
            "GET /a",
            502,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"time_iso8601":"2025-04-02T08:15:30+02:00","request_method":"GET","request_uri":"/a?b","#,
                r#""status":502,"request_time":0.25}"#
            ),
            "GET /a?b",
            502,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"msec":"1743574530.250","request_method":"GET","uri":"/a","status":"502","body_bytes_sent":1,"#,
                r#""request_time":5}"#
            ),
            "GET /a",
            502,
            Some(5000.0),
        ),
    ]);
}

#[test]
fn numbers_that_only_look_like_a_request_time_are_ignored() {
    for more in [
        "",
        "1743574530.123",
        "3.12",
        "1.1",
        "0.25000",
        "10.0.0.5",
        "0.100, 0.149",
        "12345",
        "-",
        "shop.example",
        "3600.001",
        "-0.250",
        r#""0.250""#,
        r#""192.0.2.9""#,
        "urt=0.250",
        r#"urt="0.100, 0.149""#,
        "upstream_response_time=0.250",
    ] {
        assert_eq!(latency(&read(&combined(more))), None, "{more}");
    }
}

#[test]
fn a_timestamp_or_ratio_after_the_request_time_does_not_replace_it() {
    for more in
        ["0.250 1743574530.123", "0.250 3.12", "0.250 1.1", "0.250 10.0.0.5", "0.250 shop.example", "3.12 0.250"]
    {
        assert_eq!(latency(&read(&combined(more))), Some(250.0), "{more}");
    }
}

#[test]
fn text_sent_by_a_client_is_not_a_request_time() {
    for agent in ["0.500", "rt=0.500", "agent rt=0.500 x", "agent 0.500"] {
        let line = format!(r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET / HTTP/1.1" 200 5 "{agent}" "{agent}""#);
        assert_eq!(latency(&read(&line)), None, "{agent}");
        assert_eq!(latency(&read(&format!("{line} 0.250"))), Some(250.0), "{agent}");
        assert_eq!(latency(&read(&format!("{line} \"0.500\""))), None, "{agent}, and X-Forwarded-For");
        assert_eq!(latency(&read(&format!("{line} \"0.500\" \"shop\""))), None, "{agent}, X-Forwarded-For, a name");
    }
    let unclosed = r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET / HTTP/1.1" 200 5 "-" "agent 0.250"#;
    assert_eq!(latency(&read(unclosed)), None);
}
