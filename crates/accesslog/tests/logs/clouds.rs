//! AWS, Azure, Google, Cloudflare, API gateways, and W3C logs.

use crate::support::{check, latency, read};
use tidewatch_accesslog::{Hints, Parser, Request};

#[test]
fn load_balancers_and_buckets_of_aws() {
    check(&[
        (
            concat!(
                "h2 2025-04-02T08:15:30.356787Z app/shop/cb87 192.0.2.4:62611 10.0.0.1:443 0.006 0.243 0.001 200 ",
                r#"200 498 1485 "GET https://shop.example:443/a HTTP/2.0" "curl" ECDHE TLSv1.2 arn:aws:x "#,
                r#""Root=1-61bf" "shop.example" "-" 0 2025-04-02T08:15:30.047000Z "forward" "-" "-" "10.0.0.1:443" "#,
                r#""200" "-" "-""#
            ),
            "GET https://shop.example:443/a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"https 2025-04-02T08:15:30.679895Z app/shop/490d 192.0.2.4:44740 - -1 -1 -1 504 - 204 167 "GET "#,
                r#"https://shop.example:443/a HTTP/1.1" "curl" ECDHE TLSv1.2 - "Root=1-6449" "shop.example" "-" 0 "#,
                r#"2025-04-02T08:15:30.679000Z "waf" "-" "-" "-" "-" "-" "-""#
            ),
            "GET https://shop.example:443/a",
            504,
            None,
        ),
        (
            concat!(
                "2025-04-02T08:15:30.943958Z shop-lb 192.0.2.4:2817 10.0.0.1:80 0.000073 0.249827 0.000100 200 ",
                r#"200 0 29 "GET http://shop.example:80/a HTTP/1.1" "curl" - -"#
            ),
            "GET http://shop.example:80/a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"79a5 shop-bucket [02/Apr/2025:08:15:30 +0000] 192.0.2.4 79a5 3E57 REST.GET.OBJECT a.png "GET "#,
                r#"/shop-bucket/a.png HTTP/1.1" 200 - 113 113 250 249 "-" "S3Console/0.4" - s9 SigV4 TLS AuthHeader "#,
                "x TLSV1.2 - -"
            ),
            "GET /shop-bucket/a.png",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"requestId":"a","requestTime":"02/Apr/2025:08:15:30 +0000","httpMethod":"GET","#,
                r#""resourcePath":"/pets/{id}","status":"200","responseLatency":"250","integrationLatency":"249"}"#
            ),
            "GET /pets/{id}",
            200,
            Some(250.0),
        ),
    ]);
}

#[test]
fn gateways_and_edges() {
    check(&[
        (
            concat!(
                r#"{"request":{"method":"GET","uri":"/a","url":"http://x:8000/a"},"response":{"status":200},"#,
                r#""latencies":{"request":250,"kong":9,"proxy":241},"started_at":1743574530918,"#,
                r#""service":{"name":"svc"}}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"time":"2025-04-02T08:15:30Z","resourceId":"x","properties":{"httpMethod":"GET","#,
                r#""requestUri":"/a","httpStatus":200,"timeTaken":0.25}}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"httpRequest":{"requestMethod":"GET","requestUrl":"https://shop.example/a","status":200,"#,
                r#""latency":"0.250s"},"timestamp":"2025-04-02T08:15:30Z","severity":"INFO"}"#
            ),
            "GET https://shop.example/a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"timestamp":"2025-04-02T08:15:30Z","attributes":{"http.request.method":"GET","url.path":"/a","#,
                r#""http.response.status_code":200,"http.server.request.duration":0.25},"#,
                r#""resource":{"service.name":"s"}}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"@timestamp":"2025-04-02T08:15:30Z","http":{"request":{"method":"GET","id":"r1"},"#,
                r#""response":{"status_code":200}},"url":{"path":"/a"},"event":{"duration":250000000}}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"ClientRequestMethod":"GET","ClientRequestURI":"/a","EdgeStartTimestamp":1743574530000000000,"#,
                r#""EdgeEndTimestamp":1743574530250000000,"EdgeResponseStatus":200,"EdgeTimeToFirstByteMs":240}"#
            ),
            "GET /a",
            200,
            Some(250.0),
        ),
        (
            concat!(
                r#"{"requestId":"a","requestTime":"02/Apr/2025:08:15:30 +0000","routeKey":"GET /pets/{id}","#,
                r#""status":"200"}"#
            ),
            "GET /pets/{id}",
            200,
            None,
        ),
        (
            concat!(
                r#"{"start_time":1743574530918,"request":{"method":"GET","uri":"/a"},"response":{"status":200},"#,
                r#""latency":250.5,"upstream_latency":249,"apisix_latency":1.5}"#
            ),
            "GET /a",
            200,
            Some(250.5),
        ),
        // Differences between whole seconds are too coarse.
        (
            concat!(
                r#"{"ClientRequestMethod":"GET","ClientRequestURI":"/a","EdgeStartTimestamp":"2025-04-02T08:15:30Z","#,
                r#""EdgeEndTimestamp":"2025-04-02T08:15:31Z","EdgeResponseStatus":522}"#
            ),
            "GET /a",
            522,
            None,
        ),
        (
            concat!(
                r#"{"ClientRequestMethod":"GET","ClientRequestURI":"/a","#,
                r#""EdgeStartTimestamp":"2025-04-02T08:15:30.750Z","EdgeEndTimestamp":"2025-04-02T08:15:31Z","#,
                r#""EdgeResponseStatus":522}"#
            ),
            "GET /a",
            522,
            None,
        ),
    ]);
}

#[test]
fn a_timestamp_named_request_time_is_the_time_of_logging() {
    let gateway = r#"{"requestTime":"02/Apr/2025:08:15:30 +0000","httpMethod":"GET","path":"/a","status":"200"}"#;
    assert_eq!(read(gateway).logged_at, Some("2025-04-02T08:15:30Z".parse().unwrap()));
}

fn all(lines: &str) -> Vec<Request> {
    let mut parser = Parser::new(Hints::default());
    lines.lines().filter_map(|line| parser.read(line).unwrap()).collect()
}

#[test]
fn cloudfront_counts_in_seconds_and_iis_in_milliseconds() {
    let cloudfront = "#Version: 1.0\n\
                      #Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status \
                      time-taken\n\
                      2025-04-02\t08:15:30\tFRA50\t703\t192.0.2.4\tGET\td.example\t/a\t502\t0.250\n";
    let iis = "#Software: Microsoft Internet Information Services 10.0\n\
               #Fields: date time s-ip cs-method cs-uri-stem cs-uri-query sc-status sc-substatus sc-win32-status \
               time-taken\n\
               2025-04-02 08:15:30 10.0.0.1 GET /a x=1 502 0 0 250\n";
    for lines in [cloudfront, iis] {
        let requests = all(lines);
        assert_eq!(requests.len(), 1, "{lines}");
        assert_eq!(requests[0].logged_at, Some("2025-04-02T08:15:30Z".parse().unwrap()));
        assert_eq!(requests[0].target.as_deref(), Some("/a"));
        assert_eq!(latency(&requests[0]), Some(250.0), "{lines}");
    }
    // Columns may change within a log; each `#Fields` line applies until the next one.
    let both = all(&[cloudfront, iis, iis].concat());
    assert_eq!(both.iter().map(latency).collect::<Vec<_>>(), [Some(250.0); 3]);
}

#[test]
fn a_log_of_another_shape_behind_a_w3c_header_is_still_read() {
    let mut parser = Parser::new(Hints::default());
    assert_eq!(parser.read("#Fields: date time cs-method"), Ok(None));
    let line = r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0000] "GET /a HTTP/1.1" 200 1"#;
    assert_eq!(parser.read(line).unwrap().unwrap(), read(line));
}
