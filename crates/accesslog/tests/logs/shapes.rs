//! Less common shapes of lines.

use crate::support::{check, read};

#[test]
fn a_request_without_quotes_is_read_between_method_and_protocol() {
    check(&[
        ("192.0.2.4 [02/Apr/2025:08:15:30 +0200] GET /a HTTP/1.1 200 0.250 512 - curl/8.5", "GET /a", 200, Some(250.0)),
        // morgan's short format
        ("::ffff:192.0.2.4 - GET /a HTTP/1.1 200 12 - 250.123 ms", "GET /a", 200, Some(250.123)),
        // Confluence
        (
            "[02/Apr/2025:08:15:30 +0000] bob http-nio-8090-exec-1 192.0.2.4 GET /a HTTP/1.1 200 250ms 512 https://x/ \
             Mozilla/5.0 (X11)",
            "GET /a",
            200,
            Some(250.0),
        ),
        // koa-logger
        ("  \u{1b}[90m-->\u{1b}[0m GET /a 200 250ms 12b", "GET /a", 200, Some(250.0)),
        // Tornado and Jupyter
        ("[I 250402 08:15:30 web:2271] 200 GET /a (192.0.2.4) 250.12ms", "GET /a", 200, Some(250.12)),
        ("[W 2025-04-02 08:15:30.123 ServerApp] 404 GET /a (192.0.2.4) 3.12ms referer=None", "GET /a", 404, Some(3.12)),
    ]);
    let tornado = read("[I 250402 08:15:30 web:2271] 200 GET /a (192.0.2.4) 250.12ms");
    assert_eq!(tornado.logged_at, Some("2025-04-02T08:15:30Z".parse().unwrap()));
}

#[test]
fn nginx_proxy_manager() {
    check(&[
        (
            concat!(
                r#"[02/Apr/2025:08:15:30 +0200] - 502 502 - GET https shop.example "/a" [Client 192.0.2.4] [Length "#,
                r#"512] [Gzip -] [Sent-to 10.0.0.5] "curl" "-""#
            ),
            "GET /a",
            502,
            None,
        ),
        (
            concat!(
                r#"[02/Apr/2025:08:15:30 +0200] 404 - POST http shop.example "/a" [Client 192.0.2.4] [Length 512] "#,
                r#"[Gzip 3.12] "curl" "-""#
            ),
            "POST /a",
            404,
            None,
        ),
    ]);
}

#[test]
fn bars_without_spaces() {
    check(&[
        ("2025-04-02T08:15:30.123Z|40ea2|192.0.2.4|bob|GET|/a|200|-1|2|250|curl/8", "GET /a", 200, None),
        ("192.0.2.4|-|02/Apr/2025:08:15:30 +0200|GET /a HTTP/1.1|200|512|-|curl/8.5|0.250", "GET /a", 200, Some(250.0)),
    ]);
}

#[test]
fn fields_within_an_object_of_any_name() {
    check(&[
        (
            concat!(
                r#"{"@timestamp":"2025-04-02T08:15:30Z","@nginx_fields":{"request_time":"0.250","status":"200","#,
                r#""request_uri":"/a","request_method":"GET"}}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"_source":{"nginx":{"access":{"method":"GET","url":"/a","response_code":"200"}},"#,
                r#""@timestamp":"2025-04-02T08:15:30Z"}}"#
            ),
            "GET /a",
            200,
            None,
        ),
        (
            concat!(
                r#"{"event":{"request":{"url":"https://x/a","method":"GET"},"response":{"status":200}},"#,
                r#""time":1743574530123}"#
            ),
            "GET https://x/a",
            200,
            None,
        ),
    ]);
    // Two objects about different things don't make a request.
    let line = r#"{"time":"2025-04-02T08:15:30Z","error":{"code":500},"file":{"path":"/x","method":"GET"}}"#;
    assert!(tidewatch_accesslog::Parser::new(tidewatch_accesslog::Hints::default()).read(line).is_err());
}

#[test]
fn frameworks_in_their_newer_versions() {
    check(&[
        // chi, from an IPv6 address
        (
            concat!(
                r#"2025/04/02 08:15:30 [host/abc-1] "GET http://shop.example/a HTTP/1.1" from [::1]:5000 - 200 12B "#,
                "in 250.5ms"
            ),
            "GET http://shop.example/a",
            200,
            Some(250.5),
        ),
        // ASP.NET Core 5 to 7 write the request's content type and length first.
        (
            "Request finished HTTP/1.1 GET http://shop.example/a - - - 404 - text/plain 250.5ms",
            "GET http://shop.example/a",
            404,
            Some(250.5),
        ),
        (
            "Request finished HTTP/1.1 POST http://shop.example/a application/json 120 - 200 - \
             application/json;+charset=utf-8 250.5ms",
            "POST http://shop.example/a",
            200,
            Some(250.5),
        ),
        // express-winston
        (
            concat!(
                r#"{"level":"info","message":"HTTP GET /a","meta":{"req":{"url":"/a","method":"GET"},"#,
                r#""res":{"statusCode":200},"responseTime":250},"timestamp":"2025-04-02T08:15:30Z"}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        // Django's messages beside a status field
        (
            r#"{"timestamp":"2025-04-02T08:15:30Z","message":"\"GET /a HTTP/1.1\" 200 12","status_code":200}"#,
            "GET /a",
            200,
            None,
        ),
        (
            "time=2025-04-02T08:15:30Z level=INFO http.method=GET http.path=/a http.status=200 elapsed=250ms",
            "GET /a",
            200,
            Some(250.0),
        ),
        // nginx, with names that are often copied
        (
            concat!(
                r#"{"@timestamp":"2025-04-02T08:15:30Z","responsetime":0.250,"upstreamtime":"0.249","url":"/a","#,
                r#""status":"200"}"#
            ),
            "/a",
            200,
            Some(250.0),
        ),
        (&combined("**0/250000**"), "GET /a", 200, Some(250.0)),
    ]);
}

fn combined(more: &str) -> String {
    format!(r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 200 512 "-" "curl/8.5" {more}"#)
}

#[test]
fn open_telemetrys_lists_of_attributes() {
    check(&[
        (
            concat!(
                r#"{"timeUnixNano":"1743574530500000000","body":{"stringValue":"x"},"#,
                r#""attributes":[{"key":"http.request.method","value":{"stringValue":"GET"}},{"key":"url.path","#,
                r#""value":{"stringValue":"/a"}},{"key":"http.response.status_code","value":{"intValue":"200"}},"#,
                r#"{"key":"http.server.request.duration","value":{"doubleValue":0.25}}]}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"traceId":"t","spanId":"s","name":"GET /a","kind":2,"startTimeUnixNano":"1743574530500000000","#,
                r#""endTimeUnixNano":"1743574530750000000","attributes":[{"key":"http.request.method","#,
                r#""value":{"stringValue":"GET"}},{"key":"url.path","value":{"stringValue":"/a"}},"#,
                r#"{"key":"http.response.status_code","value":{"intValue":"200"}}]}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"Timestamp":"2025-04-02T08:15:30Z","Attributes":{"http.request.method":"GET","url.path":"/a","#,
                r#""http.response.status_code":200,"http.server.request.duration":0.25},"TraceId":"t"}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
    ]);
}
