//! The cost of reading a line, by log format.
#![allow(clippy::unwrap_used, missing_docs)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use tidewatch_accesslog::{Format, Hints, Parser};

fn main() {
    divan::main();
}

const LINES: [(&str, &str); 6] = [
    (
        "combined",
        concat!(
            r#"203.0.113.7 - - [21/Mar/2024:06:46:24 +0200] "GET /shop/cart?k=1 HTTP/1.1" 200 154 "#,
            r#""https://shop.example/" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)""#
        ),
    ),
    (
        "nginx_times",
        concat!(
            r#"203.0.113.7 - - [21/Mar/2024:06:46:24 +0200] "GET /shop/cart?k=1 HTTP/1.1" 200 154 "#,
            r#""https://shop.example/" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)" "#,
            "0.950 0.001, 0.900"
        ),
    ),
    (
        "nginx_json",
        concat!(
            r#"{"time_iso8601":"2024-03-21T06:46:24+02:00","remote_addr":"203.0.113.7","request":"GET "#,
            r#"/shop/cart?k=1 HTTP/1.1","status":"200","body_bytes_sent":"154","request_time":"0.950","#,
            r#""upstream_response_time":"0.900","http_user_agent":"Mozilla/5.0 (X11; Linux x86_64)","#,
            r#""request_id":"0af7651916cd43dd8448eb211c80319c"}"#
        ),
    ),
    (
        "caddy",
        concat!(
            r#"{"level":"info","ts":1731084144.32708,"logger":"http.log.access","msg":"handled request","#,
            r#""request":{"remote_ip":"203.0.113.7","remote_port":"5000","proto":"HTTP/2.0","method":"GET","#,
            r#""host":"shop.example","uri":"/shop/cart?k=1","headers":{"User-Agent":["Mozilla/5.0 (X11; Linux "#,
            r#"x86_64)"],"Accept":["*/*"],"Accept-Encoding":["gzip, br"]},"tls":{"resumed":false,"version":772,"#,
            r#""cipher_suite":4865,"proto":"h2","server_name":"shop.example"}},"bytes_read":0,"user_id":"","#,
            r#""duration":0.950,"size":154,"status":200,"resp_headers":{"Server":["Caddy"],"#,
            r#""Content-Type":["text/html"]}}"#
        ),
    ),
    (
        "logfmt",
        concat!(
            "time=2025-02-19T10:00:00Z level=INFO msg=request method=GET path=/shop/cart status=200 ",
            r#"duration=950ms user_agent="Mozilla/5.0 (X11; Linux x86_64)" remote=203.0.113.7"#
        ),
    ),
    (
        "envoy",
        concat!(
            r#"[2024-04-01T03:23:12.736Z] "GET /shop/cart HTTP/1.1" 200 - via_upstream - "-" 0 605 950 949 "-" "#,
            r#""curl/8" "200efb6c-82be-4760-8ab6-7b6af588d4fb" "shop:8000" "10.0.0.31:80" "#,
            "outbound|8000||shop.default.svc.cluster.local 10.0.0.26:35086 10.0.1.143:8000 10.0.0.26:41616 - ",
            "default"
        ),
    ),
];

fn line(name: &str) -> &'static str {
    LINES.iter().find(|(given, _)| *given == name).unwrap().1
}

#[divan::bench(args = LINES.map(|(name, _)| name))]
fn by_shape(bencher: Bencher<'_, '_>, name: &str) {
    let mut parser = Parser::new(Hints::default());
    let line = line(name);
    assert!(parser.read(line).unwrap().is_some());
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| parser.read(black_box(line)));
}

#[divan::bench]
fn by_format(bencher: Bencher<'_, '_>) {
    let format = concat!(
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "#,
        r#""$http_user_agent" $request_time $upstream_response_time"#
    );
    let mut parser = Parser::of_format(Format::compile(format, &Hints::default(), true).unwrap());
    let line = line("nginx_times");
    assert!(parser.read(line).unwrap().is_some());
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| parser.read(black_box(line)));
}
