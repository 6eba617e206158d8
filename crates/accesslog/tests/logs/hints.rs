//! The user's knowledge about the log: the field of the latency, its unit, the format.

use crate::support::{latency, read_with};
use tidewatch_accesslog::{Format, FormatError, Hints, Parser, Request, Unit, Unreadable};

fn unit(unit: Unit) -> Hints {
    Hints { latency_unit: Some(unit), ..Hints::default() }
}

fn field(name: &str, unit: Option<Unit>) -> Hints {
    Hints { latency_field: Some(name.to_owned()), latency_unit: unit }
}

#[test]
fn a_given_unit_applies_to_times_that_lack_one() {
    let line = |middle: &str, end: &str| {
        format!(r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200]{middle} "GET /a HTTP/1.1" 200 12 "-" "curl" {end}"#)
    };
    for (line, given, ms) in [
        (line("", "250000"), Unit::Microseconds, 250.0),
        (line("", "250"), Unit::Milliseconds, 250.0),
        (line("", "250 http-nio-8080-exec-3"), Unit::Milliseconds, 250.0),
        (line(" 250000", ""), Unit::Microseconds, 250.0),
        (line("", "(250 ms)"), Unit::Microseconds, 250.0),
        (line("", "250ms"), Unit::Seconds, 250.0),
        (
            r#"{"time":"2025-04-02T08:15:30Z","path":"/","status":200,"duration":250}"#.to_owned(),
            Unit::Milliseconds,
            250.0,
        ),
        (
            r#"{"time":"2025-04-02T08:15:30Z","path":"/","status":200,"duration_ms":250}"#.to_owned(),
            Unit::Seconds,
            250.0,
        ),
        (
            r#"{"time":"2025-04-02T08:15:30Z","path":"/","status":200,"duration":250,"duration_unit":"ms"}"#.to_owned(),
            Unit::Seconds,
            250.0,
        ),
    ] {
        assert_eq!(latency(&read_with(&unit(given), &line)), Some(ms), "{line}");
    }
    // The bytes of the common format are not a latency.
    let common = r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 200 1200"#;
    assert_eq!(latency(&read_with(&unit(Unit::Milliseconds), common)), None);
}

#[test]
fn only_the_requested_field_is_used() {
    let line =
        r#"{"time":"2025-04-02T08:15:30Z","path":"/","status":200,"duration_ms":7,"app":{"spent":250},"wait_ms":9}"#;
    for (hints, ms) in [
        (field("app.spent", Some(Unit::Milliseconds)), Some(250.0)),
        (field("app.spent", None), None),
        (field("duration_ms", None), Some(7.0)),
        (field("none", Some(Unit::Seconds)), None),
    ] {
        assert_eq!(latency(&read_with(&hints, line)), ms, "{hints:?}");
    }
    // A wrapper object may be left out of the field's name.
    let wrapped = r#"{"fields":{"time":"2025-04-02T08:15:30Z","path":"/","status":200,"duration_ms":7,"spent":250}}"#;
    for name in ["spent", "fields.spent"] {
        assert_eq!(latency(&read_with(&field(name, Some(Unit::Milliseconds)), wrapped)), Some(250.0), "{name}");
    }
    let pairs = "time=2025-04-02T08:15:30Z method=GET path=/a status=200 duration=7ms spent=250";
    assert_eq!(latency(&read_with(&field("spent", Some(Unit::Milliseconds)), pairs)), Some(250.0));
    let tail = r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 200 1 "-" "c" 0.007 spent=0.250"#;
    assert_eq!(latency(&read_with(&field("spent", Some(Unit::Seconds)), tail)), Some(250.0));
}

fn compiled(format: &str, hints: &Hints) -> Format {
    Format::compile(format, hints, true).unwrap_or_else(|error| panic!("{error}: {format}"))
}

fn by_format(format: &str, line: &str) -> Request {
    Parser::of_format(compiled(format, &Hints::default())).read(line).unwrap().unwrap()
}

const NGINX: &str =
    r#"$remote_addr $time_local "$request" $status $request_time $upstream_response_time "$http_user_agent""#;
const APACHE: &str = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" %D"#;

#[test]
fn formats_of_nginx_are_read() {
    let line = r#"192.0.2.4 02/Apr/2025:08:15:30 +0200 "GET /a?b HTTP/1.1" 502 0.250 0.100, 0.149 "curl \"x\" y""#;
    for format in [
        NGINX.to_owned(),
        format!("log_format main '{NGINX}';"),
        "log_format main escape=default\n    '$remote_addr $time_local \"$request\" $status '\n    '$request_time \
         $upstream_response_time \"$http_user_agent\"';"
            .to_owned(),
        NGINX.replace("$request_time", "${request_time}"),
    ] {
        let request = by_format(&format, line);
        assert_eq!(request.logged_at, Some("2025-04-02T06:15:30Z".parse().unwrap()), "{format}");
        assert_eq!(request.target.as_deref(), Some("/a?b"), "{format}");
        assert_eq!(latency(&request), Some(250.0), "{format}");
    }
    // An upstream's list may precede the request's latency, and quotes of the format may be escaped.
    for (format, line) in [
        (
            r#"[$time_local] "$request" $status $upstream_response_time $request_time $host"#,
            r#"[02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 502 0.100, 0.149 0.250 shop.example"#,
        ),
        (
            r"log_format main '[$time_local] \'$request\' $status $request_time';",
            "[02/Apr/2025:08:15:30 +0200] 'GET /a HTTP/1.1' 502 0.250",
        ),
    ] {
        let request = by_format(format, line);
        assert_eq!((request.target.as_deref(), latency(&request)), (Some("/a"), Some(250.0)), "{format}");
    }
}

#[test]
fn json_formats_are_read_with_their_escapes() {
    let format = concat!(
        r#"escape=json '{"at":"$msec","what":"$request_method $request_uri","code":$status,"#,
        r#""spent":"$request_time","agent":"$http_user_agent"}'"#
    );
    let line = r#"{"at":"1743574530.250","what":"GET /a\"b","code":200,"spent":"0.250","agent":"x \"y\" {z}"}"#;
    let request = by_format(format, line);
    assert_eq!((request.method.as_deref(), request.target.as_deref()), (Some("GET"), Some("/a\"b")));
    assert_eq!(latency(&request), Some(250.0));
}

#[test]
fn formats_of_apache_are_read() {
    let line = r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 502 5 "-" 250000"#;
    for format in [APACHE.to_owned(), format!("LogFormat \"{}\" timed", APACHE.replace('"', "\\\""))] {
        let request = by_format(&format, line);
        assert_eq!(request.logged_at, Some("2025-04-02T06:15:30Z".parse().unwrap()), "{format}");
        assert_eq!(latency(&request), Some(250.0), "{format}");
    }
    for (format, line) in [
        ("%t %m %U%q %s %{ms}T", "[02/Apr/2025:08:15:30 +0000] GET /a?b 200 250"),
        ("%{%Y-%m-%dT%H:%M:%S}t %m %U %>s %{us}T", "2025-04-02T08:15:30 GET /a 200 250000"),
        ("[%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t] %m %U %>s %D", "[02/Apr/2025:08:15:30.000 +0000] GET /a 200 250000"),
        ("%{msec}t %m %U %>s %D %{X-Request-Id}i", "1743581730000 GET /a 200 250000 r1"),
        ("%t %m %U %>s %T", "[02/Apr/2025:08:15:30 +0000] GET /a 200 0.250"),
        ("%t %m %U %>s 100%% %D", "[02/Apr/2025:08:15:30 +0000] GET /a 200 100% 250000"),
        // The finest of several latencies counts: `%T` of 250,000 us is 0 s.
        ("%t %m %U %>s %T/%D", "[02/Apr/2025:08:15:30 +0000] GET /a 200 0/250000"),
        ("%t %m %U %>s %{ms}T %T", "[02/Apr/2025:08:15:30 +0000] GET /a 200 250 0"),
    ] {
        let request = by_format(format, line);
        assert_eq!(request.logged_at, Some("2025-04-02T08:15:30Z".parse().unwrap()), "{format}");
        assert_eq!(latency(&request), Some(250.0), "{format}");
        assert!(request.target.as_deref().unwrap().starts_with("/a"), "{format}");
    }
}

#[test]
fn quotes_sent_by_a_client_do_not_end_a_value() {
    let format = r#"%h %t "%r" %>s "%{User-Agent}i" %D %v"#;
    let line = r#"192.0.2.4 [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 502 "curl\" 9000000 x" 250000 shop.example"#;
    assert_eq!(latency(&by_format(format, line)), Some(250.0));
}

#[test]
fn the_most_precise_of_several_request_times_is_used() {
    for (end, line) in
        [("%T/%D", "0/250000"), ("%T %D", "0 250000"), ("**%T/%D**", "**0/250000**"), ("%D %T", "250000 0")]
    {
        let request = by_format(&format!("%t %U %>s {end}"), &format!("[02/Apr/2025:08:15:30 +0200] /a 200 {line}"));
        assert_eq!(latency(&request), Some(250.0), "{end}");
    }
}

#[test]
fn nginx_may_write_tabs_and_variables_side_by_side() {
    for (format, line) in [
        (
            r"time:$time_local\treq:$request\tstatus:$status\trt:$request_time",
            "time:02/Apr/2025:08:15:30 +0200\treq:GET /a HTTP/1.1\tstatus:200\trt:0.250",
        ),
        (
            r#"[$time_local] "$request_method $scheme://$host$request_uri $server_protocol" $status $request_time"#,
            r#"[02/Apr/2025:08:15:30 +0200] "GET https://shop.example/a HTTP/1.1" 200 0.250"#,
        ),
        (
            r#"[$time_local] "$request_method $uri$is_args$args $server_protocol" $status $request_time"#,
            r#"[02/Apr/2025:08:15:30 +0200] "GET /a?x=1 HTTP/1.1" 200 0.250"#,
        ),
        (
            r#"[$time_local] $host$request_uri $status $request_time"#,
            r#"[02/Apr/2025:08:15:30 +0200] shop.example/a 200 0.250"#,
        ),
    ] {
        let request = by_format(format, line);
        assert_eq!(request.target.as_deref(), Some("/a"), "{format}");
        assert_eq!(latency(&request), Some(250.0), "{format}");
    }
}

#[test]
fn a_directive_is_found_among_comments_and_other_directives() {
    let format = "# times\naccess_log /var/log/nginx/a.log timed;\nlog_format timed '[$time_local] \"$request\" '\n  \
                  '$status $request_time'; # seconds";
    let request = by_format(format, r#"[02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 200 0.250"#);
    assert_eq!(latency(&request), Some(250.0));
}

#[test]
fn gunicorns_format_is_read() {
    let line = r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 200 12 "-" "curl" 250000"#;
    let atoms = r#"%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" "#;
    for (last, value) in
        [("%(D)s", "250000"), ("%(M)s", "250"), ("%(L)s", "0.250000"), ("%({x-spent}o)s %(D)s", "1 250000")]
    {
        let request = by_format(&format!("{atoms}{last}"), &line.replace("250000", value));
        assert_eq!(latency(&request), Some(250.0), "{last}");
    }
}

#[test]
fn a_given_unit_or_field_overrules_the_formats_own() {
    let line = r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 502 5 "-" 250"#;
    let tomcat = compiled(APACHE, &unit(Unit::Milliseconds));
    assert_eq!(latency(&Parser::of_format(tomcat).read(line).unwrap().unwrap()), Some(250.0));
    let format = r#"$time_local "$request" $status $request_time $spent"#;
    let line = r#"02/Apr/2025:08:15:30 +0200 "GET /a HTTP/1.1" 200 0.007 250"#;
    let spent = compiled(format, &field("spent", Some(Unit::Milliseconds)));
    assert_eq!(latency(&Parser::of_format(spent).read(line).unwrap().unwrap()), Some(250.0));
    assert_eq!(
        Format::compile(format, &field("other", None), true).unwrap_err(),
        FormatError::NoSuchField("other".to_owned())
    );
}

#[test]
fn a_wrapped_line_of_the_format_is_read_and_one_of_another_is_not() {
    let mut parser = Parser::of_format(compiled(APACHE, &Hints::default()));
    let line = r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a HTTP/1.1" 502 5 "-" 250000"#;
    let alone = parser.read(line).unwrap().unwrap();
    for wrapped in [
        format!("Apr  2 08:15:31 web2 httpd[13]: {line}"),
        format!(r#"{{"log":{},"stream":"stdout"}}"#, serde_json::to_string(line).unwrap()),
    ] {
        assert_eq!(parser.read(&wrapped).unwrap().unwrap(), alone, "{wrapped}");
    }
    assert_eq!(parser.read(r#"192.0.2.4 "GET /a HTTP/1.1" 200"#), Err(Unreadable::OtherFormat));
    // The first line matches the format only without its syslog prefix; the second has no time of its own.
    let request =
        by_format("%t %m %U %>s %D", "Apr  2 08:15:31 web2 httpd[13]: [02/Apr/2025:08:15:30 +0000] GET /a 200 250000");
    assert_eq!(latency(&request), Some(250.0));
    let timeless = Format::compile(r#""$request" $status"#, &Hints::default(), false).unwrap();
    let docker = r#"{"log":"\"GET /a HTTP/1.1\" 200\n","stream":"stdout","time":"2025-04-02T08:15:30.5Z"}"#;
    let request = Parser::of_format(timeless).read(docker).unwrap().unwrap();
    assert_eq!(request.logged_at, Some("2025-04-02T08:15:30.5Z".parse().unwrap()));
}

#[test]
fn an_unusable_format_is_rejected_with_what_it_lacks() {
    for (format, says) in [
        ("", "neither a variable of nginx"),
        ("plain text", "neither a variable of nginx"),
        ("$remote_addr $status", "no time and no request; add $time_local, $time_iso8601 or $msec and $request"),
        ("[$time_local] \"$request\"", "no status; add $status"),
        ("%h %t \"%r\"", "no status; add %>s"),
        ("%h %>s \"%r\"", "no time; add %t"),
        ("%{%H:%M}t %>s \"%r\"", "`%H:%M`"),
        ("$remote_addr$http_x [$time_local] $request $status", "directly after another"),
        (&"x".repeat(10_000), "longer than"),
    ] {
        let error = Format::compile(format, &Hints::default(), true).unwrap_err().to_string();
        assert!(error.contains(says), "{format}: {error}");
    }
    assert!(Format::compile("$status $request", &Hints::default(), false).is_ok(), "a followed log needs no time");
}
