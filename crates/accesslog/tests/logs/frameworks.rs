//! Go, Node, Python, Ruby, Java, .NET, and servers written in them.

use crate::support::{check, latency, read};

#[test]
fn go() {
    check(&[
        // Echo
        (
            concat!(
                r#"{"time":"2025-04-02T08:15:30.12+02:00","method":"GET","uri":"/a","status":200,"#,
                r#""latency":250000000,"latency_human":"250ms","bytes_out":2}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        // log/slog
        (
            concat!(
                r#"{"time":"2025-04-02T08:15:30Z","level":"INFO","msg":"request","method":"GET","path":"/a","#,
                r#""status":200,"duration":250000000}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"time":"2025-04-02T08:15:30Z","level":"INFO","msg":"x","request":{"time":"2025-04-02T08:15:30Z","#,
                r#""method":"GET","path":"/a"},"response":{"time":"2025-04-02T08:15:30.25Z","latency":250000000,"#,
                r#""status":200}}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        // zap
        (
            concat!(
                r#"{"level":"info","ts":1743574530.1,"caller":"x/y.go:1","msg":"/a","status":200,"method":"GET","#,
                r#""path":"/a","latency":0.25}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        // zerolog
        (
            concat!(
                r#"{"level":"info","method":"GET","url":"/a","status":200,"duration":250.5,"#,
                r#""time":"2025-04-02T08:15:30Z","message":"request"}"#
            ),
            "GET /a",
            200,
            Some(250.5),
        ),
        // A file and line in front identify Go too.
        (
            concat!(
                r#"2025/04/02 08:15:30.255 [server.go:27]  {"request_time":"2025-04-02T08:15:30Z","request":"GET /a "#,
                r#"HTTP/1.1","status":200,"elapsed_time":250000000}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (r#"[GIN] 2025/04/02 - 08:15:30 | 200 |   250.5ms |  192.0.2.4 | GET      "/a""#, "GET /a", 200, Some(250.5)),
        ("08:15:30 | 200 |      250.5ms |       192.0.2.4 | GET     | /a   | -", "GET /a", 200, Some(250.5)),
        (
            r#"2025/04/02 08:15:30 "GET http://shop.example/a HTTP/1.1" from 192.0.2.4:5 - 200 12B in 250.5ms"#,
            "GET http://shop.example/a",
            200,
            Some(250.5),
        ),
    ]);
}

#[test]
fn node_and_ruby() {
    check(&[
        (
            concat!(
                r#"{"level":30,"time":1743574530918,"pid":7,"hostname":"h","req":{"id":1,"method":"GET","url":"/a","#,
                r#""headers":{"x-request-id":"r1"}},"res":{"statusCode":200},"responseTime":250,"msg":"request "#,
                r#"completed"}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"name":"api","hostname":"h","pid":1,"level":30,"req":{"method":"GET","url":"/a"},"#,
                r#""res":{"statusCode":503},"latency":250,"msg":"x","time":"2025-04-02T08:15:30.918Z","v":0}"#
            ),
            "GET /a",
            503,
            Some(250.0),
        ),
        ("GET /a 200 250.123 ms - 12", "GET /a", 200, Some(250.123)),
        (r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0000] "GET /a HTTP/1.1" 200 12 0.2501"#, "GET /a", 200, Some(250.1)),
        (
            "method=GET path=/a format=json controller=JobsController action=show status=200 duration=58.33 view=40.43 \
             db=15.26",
            "GET /a",
            200,
            Some(58.33),
        ),
    ]);
    let with_id = concat!(
        r#"{"level":30,"time":1743574530918,"req":{"id":1,"method":"GET","url":"/a","#,
        r#""headers":{"x-request-id":"r1"}},"res":{"statusCode":200}}"#
    );
    assert_eq!(read(with_id).request_id.as_deref(), Some("r1"));
}

#[test]
fn rust_and_php() {
    check(&[
        (
            concat!(
                r#"[2025-04-02T08:15:30Z INFO  actix_web::middleware::logger] 192.0.2.4 "GET /a HTTP/1.1" 200 12 "#,
                r#""-" "curl" 0.250500"#
            ),
            "GET /a",
            200,
            Some(250.5),
        ),
        (
            concat!(
                r#"{"timestamp":"2025-04-02T08:15:30Z","level":"INFO","fields":{"message":"finished","latency":"250 "#,
                r#"ms","status":200},"target":"tower_http","span":{"method":"GET","uri":"/a"}}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (r#"192.0.2.4 -  02/Apr/2025:08:15:30 +0200 "GET /a.php" 200"#, "GET /a.php", 200, None),
    ]);
    let php = read(r#"192.0.2.4 -  02/Apr/2025:08:15:30 +0200 "GET /a.php" 200"#);
    assert_eq!(php.logged_at, Some("2025-04-02T06:15:30Z".parse().unwrap()));
}

#[test]
fn python() {
    check(&[
        (
            concat!(
                r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0000] "DELETE /a HTTP/1.1" 200 139 "-" "requests/2" 0 - "#,
                "9582 0.009582"
            ),
            "DELETE /a",
            200,
            Some(9.582),
        ),
        (r#"192.0.2.4 - - [02/Apr/2025 08:15:30] "GET /a HTTP/1.1" 404 -"#, "GET /a", 404, None),
        (r#"[02/Apr/2025 08:15:30] "GET /a HTTP/1.1" 200 1912"#, "GET /a", 200, None),
        (r#"INFO:     192.0.2.4:5000 - "GET /a HTTP/1.0" 200 OK"#, "GET /a", 200, None),
        (
            "\u{1b}[32mINFO\u{1b}[0m:     192.0.2.4:5000 - \"\u{1b}[1mGET /a HTTP/1.1\u{1b}[0m\" \u{1b}[32m200 \
             OK\u{1b}[0m",
            "GET /a",
            200,
            None,
        ),
        (
            "[pid: 1|app: 0|req: 1/1] 192.0.2.4 () {28 vars in 300 bytes} [Wed Apr  2 08:15:30 2025] GET /a => \
             generated 12 bytes in 250 msecs (HTTP/1.1 200) 2 headers in 70 bytes (1 switches on core 0)",
            "GET /a",
            200,
            Some(250.0),
        ),
    ]);
    assert_eq!(read(r#"INFO: 192.0.2.4:5000 - "GET /a HTTP/1.0" 200 OK"#).logged_at, None);
}

#[test]
fn java_and_dotnet() {
    check(&[
        // Tomcat writes %D in milliseconds, since version 10.1 in microseconds.
        (r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0000] "GET /a HTTP/1.1" 200 12 "-" "c" 40"#, "GET /a", 200, None),
        (r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0000] "GET /a HTTP/1.1" 200 12 (250 ms)"#, "GET /a", 200, Some(250.0)),
        (
            r#"192.0.2.4 [HTTP-4] - bob [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 200 12 250 - "git/2""#,
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"@timestamp":"2025-04-02T08:15:30Z","@version":"1","method":"GET","requested_uri":"/a","#,
                r#""status_code":200,"elapsed_time":250}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"@t":"2025-04-02T08:15:30Z","@mt":"HTTP {RequestMethod} ...","RequestMethod":"GET","#,
                r#""RequestPath":"/a","StatusCode":200,"Elapsed":250.5}"#
            ),
            "GET /a",
            200,
            Some(250.5),
        ),
        (
            "Request finished HTTP/2 GET https://shop.example/a - 200 512 text/html 250.5ms",
            "GET https://shop.example/a",
            200,
            Some(250.5),
        ),
        ("[08:15:30 INF] HTTP GET /a responded 200 in 250.5 ms", "GET /a", 200, Some(250.5)),
    ]);
}

#[test]
fn apaches_seconds_and_microseconds_in_one_field_confirm_each_other() {
    let line = |field: &str| {
        format!(
            r#"shop.example:443 192.0.2.4 - - [02/Apr/2025:08:15:30 +0000] "GET /a HTTP/1.1" 200 1 "-" "c" {field}"#
        )
    };
    for (field, ms) in
        [("1/1859800", Some(1859.8)), ("0/1500", Some(1.5)), ("0/250", None), ("3/1859800", None), ("1/2", None)]
    {
        assert_eq!(latency(&read(&line(field))), ms, "{field}");
    }
}

#[test]
fn logfmt_and_labelled_values() {
    check(&[
        (
            concat!(
                r#"2025-04-02T08:15:30+00:00 heroku[router]: at=info method=GET path="/a" host=x request_id=3f79 "#,
                "connect=1ms service=250ms status=200 bytes=0"
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            "time=2025-04-02T08:15:30Z level=INFO msg=request method=GET path=/a status=200 duration=250ms",
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"[02/Apr/2025:08:15:30 +0200] client=192.0.2.4 request="GET /a HTTP/1.1" status=200 "#,
                "request_time=0.250 upstream_response_time=0.100, 0.149"
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                "(200) | [02/Apr/2025:08:15:30 +0300] | 192.0.2.4 | RequestTime: 0.250 | UpstreamResponse: 0.253 ",
                r#"| Request: "GET /a HTTP/1.1" | Referrer: "-""#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            "[02/Apr/2025:08:15:30 +0100] 192.0.2.4 -> 10.0.0.1 | https GET /a HTTP/1.1 | urt: 0.249 msec | rt: 0.250 \
             msec | status: 200",
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            "time:02/Apr/2025:08:15:30 +0900\thost:192.0.2.4\treq:GET /a \
             HTTP/1.1\tstatus:200\tsize:5\treqtime:0.250\tua:curl",
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            "time:[02/Apr/2025:08:15:30 +0900]\tmethod:GET\turi:/a\tstatus:200\treqtime_microsec:250000",
            "GET /a",
            200,
            Some(250.0),
        ),
    ]);
}

#[test]
fn a_unit_comes_from_the_name_the_value_or_a_field_beside_it() {
    for (field, ms) in [
        (r#""duration_ms":250"#, 250.0),
        (r#""durationMs":250"#, 250.0),
        (r#""latency_us":"250000""#, 250.0),
        (r#""elapsed_ns":250000000"#, 250.0),
        (r#""duration_seconds":0.25"#, 250.0),
        (r#""response_time":"0.25s""#, 250.0),
        (r#""took":"250 ms""#, 250.0),
        (r#""duration":250,"duration_unit":"ms""#, 250.0),
        (r#""duration":0.25,"duration_ms":250"#, 250.0),
        (r#""ElapsedMilliseconds":250"#, 250.0),
        // pino uses milliseconds, but a name with a unit is more reliable.
        (r#""level":30,"took":9,"duration_us":250000"#, 250.0),
        // The more common of two names wins.
        (r#""took_ms":9,"duration_ms":250"#, 250.0),
    ] {
        let line = format!(r#"{{"time":"2025-04-02T08:15:30Z","path":"/","status":200,{field}}}"#);
        assert_eq!(latency(&read(&line)), Some(ms), "{field}");
    }
}

#[test]
fn a_number_without_a_unit_is_not_a_latency() {
    for field in [
        r#""duration":12"#,
        r#""latency":12.5"#,
        r#""response_time":"12""#,
        r#""request_time":"-""#,
        r#""request_time":12"#,
        r#""duration_ms":-1"#,
        r#""duration_ms":3600001"#,
        r#""upstream_response_time":"0.012""#,
        r#""ttfb_ms":12"#,
        r#""db_duration_ms":12"#,
    ] {
        let line = format!(r#"{{"time":"2025-04-02T08:15:30Z","path":"/","status":200,{field}}}"#);
        assert_eq!(latency(&read(&line)), None, "{field}");
    }
    // Whole numbers from Go that could be milliseconds counted by the program.
    let slog = r#"{"time":"2025-04-02T08:15:30Z","level":"INFO","msg":"x","path":"/","status":200,"duration":250}"#;
    assert_eq!(latency(&read(slog)), None);
    // zerolog writes milliseconds with a fraction; the program itself wrote a whole number.
    let zerolog =
        r#"{"level":"info","time":"2025-04-02T08:15:30Z","message":"x","path":"/","status":200,"duration":250}"#;
    assert_eq!(latency(&read(zerolog)), None);
}
