//! No line causes a panic or a latency longer than an hour.

use std::sync::LazyLock;

use proptest::prelude::*;
use tidewatch_accesslog::{Format, Hints, Latency, Parser, Status, Unit};

/// Lines of many shapes that the tests damage.
const LINES: [&str; 14] = [
    r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET /a?b HTTP/1.1" 200 12 "-" "curl \"8\"" 0.250 0.100, 0.149"#,
    concat!(
        r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] "GET / HTTP/2" 200 1 "-" "c" 48 0.250 [a-b-80] [] "#,
        "10.0.0.1:80 1 0.249 200 5f"
    ),
    r#"192.0.2.4 - - [02/Apr/2025:08:15:30 +0000] "GET / HTTP/1.1" 200 1 "-" "c" 1/1859800"#,
    r#"[2025-04-02T08:15:30.736Z] "GET /a HTTP/1.1" 200 - via_upstream - "-" 0 605 250 249 "-" "curl" "id""#,
    concat!(
        "10.0.1.2:333 [02/Apr/2025:08:15:30.655] web shop/s1 10/0/30/69/250 200 27 - - ---- 1/1/1/1/0 0/0 ",
        r#""GET /a HTTP/1.1""#
    ),
    concat!(
        r#"h2 2025-04-02T08:15:30.356787Z app/x/y 192.0.2.4:6 10.0.0.1:4 0.006 0.243 0.001 200 200 4 1 "GET "#,
        r#"https://x:443/a HTTP/2.0" "c""#
    ),
    "2025-04-02\t08:15:30\tFRA\t703\tGET\t/a\t502\t0.250",
    "time:02/Apr/2025:08:15:30 +0900\treq:GET /a HTTP/1.1\tstatus:200\treqtime:0.250",
    r#"[GIN] 2025/04/02 - 08:15:30 | 200 |   250.5ms |  192.0.2.4 | GET      "/a""#,
    "time=2025-04-02T08:15:30Z level=INFO method=GET path=/a status=200 duration=250ms",
    r#"{"level":"info","ts":1743574530.25,"request":{"method":"GET","uri":"/a"},"duration":0.25,"status":200}"#,
    concat!(
        r#"{"log":"192.0.2.4 - - [02/Apr/2025:08:15:30 +0200] \"GET / HTTP/1.1\" 200 1 \"-\" \"c\" 0.250\n","#,
        r#""time":"2025-04-02T08:15:30Z"}"#
    ),
    concat!(
        r#"<190>1 2025-04-02T08:15:31.003+02:00 web1 nginx 1 ID [x@1 a="b"] 192.0.2.4 - - "#,
        r#"[02/Apr/2025:08:15:30 +0200] "GET / HTTP/1.1" 200 1"#
    ),
    "[pid: 1] () {28 vars} [Wed Apr  2 08:15:30 2025] GET /a => generated 12 bytes in 250 msecs (HTTP/1.1 200) 2",
];

/// Compiled once, because compiling takes longer than reading.
static PARSERS: LazyLock<Vec<Parser>> = LazyLock::new(parsers);

fn parsers() -> Vec<Parser> {
    let formats = [
        concat!(
            r#"$remote_addr - - [$time_local] "$request" $status $body_bytes_sent "$http_referer" "#,
            r#""$http_user_agent" $request_time $upstream_response_time"#
        ),
        r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D"#,
    ];
    let hints = [
        Hints::default(),
        Hints { latency_unit: Some(Unit::Seconds), ..Hints::default() },
        Hints { latency_field: Some("duration".to_owned()), latency_unit: Some(Unit::Nanoseconds) },
    ];
    let compiled = |format: &&str| Parser::of_format(Format::compile(format, &Hints::default(), true).unwrap());
    hints.into_iter().map(Parser::new).chain(formats.iter().map(compiled)).collect()
}

fn check(line: &str) {
    for mut parser in PARSERS.iter().cloned() {
        // Every parser knows these W3C columns.
        let _ = parser.read("#Fields: date time x-edge-location sc-bytes cs-method cs-uri-stem sc-status time-taken");
        if let Ok(Some(request)) = parser.read(line) {
            let ms = request.latency.map_or(0.0, Latency::as_ms);
            assert!((0.0..=Latency::LONGEST_MS).contains(&ms), "{ms}: {line}");
            assert!(matches!(request.status, Status::Code(100..=599) | Status::ClientGone), "{line}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(line in "\\PC{0,300}") {
        check(&line);
    }

    #[test]
    fn a_damaged_line_is_read_or_refused(
        which in 0..LINES.len(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<char>()), 0..6),
        end in any::<prop::sample::Index>(),
    ) {
        let mut line: Vec<char> = LINES[which].chars().collect();
        for (at, new) in cuts {
            let at = at.index(line.len());
            line[at] = new;
        }
        check(&line.iter().collect::<String>());
        line.truncate(end.index(line.len()));
        check(&line.iter().collect::<String>());
    }

    #[test]
    fn any_number_at_any_place_gives_no_latency_over_an_hour(
        which in 0..LINES.len(),
        at in any::<prop::sample::Index>(),
        number in prop_oneof![
            any::<f64>().prop_map(|n| n.to_string()),
            any::<u64>().prop_map(|n| n.to_string()),
            (0u64..9_999_999_999).prop_map(|n| format!("{}.{:03}", n / 1000, n % 1000)),
        ],
    ) {
        let words: Vec<&str> = LINES[which].split(' ').collect();
        let at = at.index(words.len());
        let mut line = words.clone();
        line[at] = &number;
        check(&line.join(" "));
        check(&format!("{} {number}", LINES[which]));
    }

    #[test]
    fn any_format_is_compiled_or_refused(format in "([$%]\\{?[a-zA-Z_>]{0,12}\\}?|[ -~]){0,12}") {
        if let Ok(format) = Format::compile(&format, &Hints::default(), false) {
            let _ = Parser::of_format(format).read(LINES[0]);
        }
    }
}

#[test]
fn every_line_of_these_tests_is_read_undamaged() {
    for line in LINES {
        let mut parser = Parser::new(Hints::default());
        let _ = parser.read("#Fields: date time x-edge-location sc-bytes cs-method cs-uri-stem sc-status time-taken");
        assert!(matches!(parser.read(line), Ok(Some(_))), "{line}");
    }
}
