//! Traefik, Caddy, Envoy, Istio, HAProxy, Squid, linkerd.

use crate::support::{check, latency, read};
use tidewatch_accesslog::Status;

#[test]
fn traefik() {
    check(&[
        (
            concat!(
                r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0000] "PUT /cart HTTP/2.0" 200 0 "-" "-" 4397 "shop@docker" "#,
                r#""http://10.0.0.5:80" 250ms"#
            ),
            "PUT /cart",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"StartUTC":"2025-04-02T08:15:30Z","RequestMethod":"GET","RequestPath":"/cart","#,
                r#""DownstreamStatus":502,"OriginDuration":1,"Duration":250000000}"#
            ),
            "GET /cart",
            502,
            Some(250.0),
        ),
    ]);
}

#[test]
fn caddy() {
    let line = |ts: &str, duration: &str| {
        let request = r#"{"method":"GET","uri":"/a","headers":{"X":["y"]}}"#;
        let start = format!(r#"{{"level":"info","ts":{ts},"logger":"http.log.access.log0","msg":"handled request""#);
        format!(r#"{start},"request":{request},"duration":{duration},"size":0,"status":200}}"#)
    };
    for (duration, ms) in [
        ("0.25", 250.0),
        ("2.7e-06", 0.0027),
        ("0.000002716", 0.002716),
        ("61", 61_000.0),
        ("0", 0.0),
        (r#""12.3ms""#, 12.3),
        (r#""1m2.5s""#, 62_500.0),
        // duration_format nano
        ("27100000", 27.1),
        ("2716", 0.002716),
    ] {
        for ts in ["1743574530.25", "1743574530", r#""2025/04/02 06:15:30.250""#, r#""2025-04-02T14:15:30.250+0800""#] {
            assert_eq!(latency(&read(&line(ts, duration))), Some(ms), "{duration} at {ts}");
        }
        let without_logger = line("1743574530.25", duration).replace(r#""logger":"http.log.access.log0","#, "");
        assert_eq!(latency(&read(&without_logger)), Some(ms), "{duration} without a logger");
        let renamed = line("1743574530.25", duration).replace(r#""ts":"#, r#""timestamp":"#);
        assert_eq!(latency(&read(&renamed)), Some(ms), "{duration} with another name for the time");
    }
    let gone = line("1743574530.25", "0.25").replace(r#""status":200"#, r#""status":0"#);
    assert_eq!(read(&gone).status, Status::ClientGone);
}

#[test]
fn envoy_and_istio() {
    check(&[
        (
            concat!(
                r#"[2025-04-02T08:15:30.736Z] "GET /a HTTP/1.1" 200 - via_upstream - "-" 0 605 250 249 "-" "curl" "#,
                r#""id" "shop:80" "10.0.0.31:80" outbound|80||shop 10.0.0.26:1 10.0.1.1:80 10.0.0.26:2 - default"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"[2025-04-02T08:15:30.736Z] "GET /a HTTP/1.1" 503 UF,URX 0 539 250 - "10.0.0.49" "curl" "id" "#,
                r#""shop" "10.0.0.1:80""#
            ),
            "GET /a",
            503,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"authority":"shop","bytes_sent":"770","duration":"250","method":"GET","path":"/a","#,
                r#""response_flags":"-","status_code":"200","timestamp":"2025-04-02T08:15:30.187Z","#,
                r#""upstream_service_time":"249"}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{":authority":"shop","duration":250,"method":"GET","response_code":200,"#,
                r#""start_time":"2025-04-02T08:15:30Z","x-envoy-origin-path":"/a"}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            r#"{"start_time":"2025-04-02T08:15:30Z","method":"GET","path":"/a","response_code":200,"duration":250}"#,
            "GET /a",
            200,
            Some(250.0),
        ),
    ]);
    let tcp = read(concat!(
        r#"[2025-04-02T08:15:30.151Z] "- - -" 0 - "-" "-" 2279 3059 63000 - "-" "-" "-" "-" "192.0.2.4:443" "#,
        "PassthroughCluster 10.0.0.93:1 192.0.2.4:443 10.0.0.93:2 - -"
    ));
    assert_eq!((tcp.status, tcp.target.as_deref()), (Status::ClientGone, None));
    assert_eq!(latency(&tcp), None, "the duration of a connection is not a request time");
}

#[test]
fn haproxy() {
    check(&[
        (
            concat!(
                "Apr  2 08:15:30 lb haproxy[14]: 10.0.1.2:333 [02/Apr/2025:08:15:30.655] web shop/s1 ",
                r#"10/0/30/69/250 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example} {} "GET /a HTTP/1.1""#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                "10.0.1.2:333 [02/Apr/2025:08:15:30.655] web~ shop/s1 0/0/0/-1/250 502 0 - - SH-- 1/1/1/1/0 0/0 ",
                r#""GET /a HTTP/1.1""#
            ),
            "GET /a",
            502,
            Some(250.0),
        ),
        // With `option logasap`, the line is written before the request ends.
        (
            concat!(
                "10.0.1.2:333 [02/Apr/2025:08:15:30.655] web shop/s1 0/0/0/1/+250 200 0 - - ---- 1/1/1/1/0 0/0 ",
                r#""GET /a HTTP/1.1""#
            ),
            "GET /a",
            200,
            None,
        ),
        (
            concat!(
                "10.0.1.2:333 [02/Apr/2025:08:15:30.655] web web/<NOSRV> -1/-1/-1/-1/0 400 187 - - PR-- 1/1/0/0/0 ",
                r#"0/0 "<BADREQ>""#
            ),
            "(malformed)",
            400,
            Some(0.0),
        ),
    ]);
    let gone = concat!(
        "10.0.1.2:333 [02/Apr/2025:08:15:30.655] web shop/s1 0/0/0/-1/250 -1 0 - - CH-- 1/1/1/1/0 0/0 ",
        r#""GET /a HTTP/1.1""#
    );
    assert_eq!(read(gone).status, Status::ClientGone);
}

#[test]
fn squid_and_linkerd() {
    check(&[
        (
            "1743574530.779    250 192.0.2.4 TCP_MISS/200 411 GET http://shop.example/a - HIER_DIRECT/10.0.0.1 \
             text/html",
            "GET http://shop.example/a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"client.addr":"10.0.0.1:5","host":"shop","method":"GET","processing_ns":"39826","status":200,"#,
                r#""timestamp":"2025-04-02T08:15:30.12Z","total_ns":"250000000","uri":"http://shop/a"}"#
            ),
            "GET http://shop/a",
            200,
            Some(250.0),
        ),
    ]);
}
