//! Traces and logs reach a collector over OTLP/HTTP, and an unreachable collector does no harm.
use crate::child::Process;
use axum::{Router, body::Bytes, extract::State, http::Uri};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

type Received = Arc<Mutex<Vec<(String, Bytes)>>>;

/// A collector that keeps everything it receives.
async fn collector() -> (String, Received) {
    let received = Received::default();
    let keep = async |State(received): State<Received>, path: Uri, body: Bytes| {
        received.lock().unwrap().push((path.path().to_owned(), body));
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(keep).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (endpoint, received)
}

fn contains(received: &Received, path: &str, needle: &[u8]) -> bool {
    let received = received.lock().unwrap();
    received.iter().any(|(at, body)| at == path && body.windows(needle.len()).any(|window| window == needle))
}

/// Returns variables for a collector on a machine without certificates, as in most images.
fn without_certificates(endpoint: &str) -> [(&str, &str); 3] {
    [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("SSL_CERT_FILE", "/nowhere"), ("SSL_CERT_DIR", "/nowhere")]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_span_and_the_log_record_of_one_trace_are_exported_by_the_end() {
    let (endpoint, received) = collector().await;
    let trace_id = tokio::task::spawn_blocking(move || {
        let mut process = Process::start(&[], &without_certificates(&endpoint));
        let line = process.log_line("working");
        process.signal("TERM");
        assert_eq!(process.end_within(Duration::from_secs(10)).code, Some(0));
        u128::from_str_radix(line["trace_id"].as_str().unwrap(), 16).unwrap().to_be_bytes()
    });
    let trace_id = trace_id.await.unwrap();
    for path in ["/v1/traces", "/v1/logs"] {
        assert!(contains(&received, path, b"minimal-service"), "{path} does not name the service");
        assert!(contains(&received, path, &trace_id), "{path} lacks the trace id of the log line");
    }
    assert!(contains(&received, "/v1/traces", b"begin_work"));
    assert!(contains(&received, "/v1/logs", b"working"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_of_one_signal_exports_only_this_signal() {
    let signals = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "/traces"), ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "/logs")];
    for (variable, path) in signals {
        let (endpoint, received) = collector().await;
        // Unlike the endpoint of all signals, it is used as it is, without another path.
        let url = format!("{endpoint}{path}");
        let ended = tokio::task::spawn_blocking(move || {
            let mut variables = without_certificates("");
            variables[0] = (variable, &url);
            let mut process = Process::start(&[], &variables);
            process.log_line("working");
            process.signal("TERM");
            process.end_within(Duration::from_secs(10)).code
        });
        assert_eq!(ended.await.unwrap(), Some(0), "{variable}");
        let received = received.lock().unwrap();
        assert!(!received.is_empty(), "{variable} exports nothing");
        assert!(received.iter().all(|(at, _)| at == path), "{variable} exports other signals");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_is_not_used() {
    let (endpoint, received) = collector().await;
    let ended = tokio::task::spawn_blocking(move || {
        let nobody = "http://127.0.0.1:1";
        let proxies = [("http_proxy", nobody), ("HTTP_PROXY", nobody), ("all_proxy", nobody), ("no_proxy", "")];
        let mut process = Process::start(&[], &[&without_certificates(&endpoint)[..], &proxies].concat());
        process.log_line("working");
        process.signal("TERM");
        process.end_within(Duration::from_secs(10)).code
    });
    assert_eq!(ended.await.unwrap(), Some(0));
    assert!(contains(&received, "/v1/traces", b"begin_work"));
}

#[test]
fn a_collector_that_is_down_changes_neither_the_work_nor_the_exit_code() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{unused}");
    let mut process = Process::start(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    process.log_line("working");
    let told = Instant::now();
    process.signal("TERM");
    assert_eq!(process.end_within(Duration::from_secs(10)).code, Some(0));
    assert!(told.elapsed() < Duration::from_secs(8));
}

#[test]
fn an_endpoint_that_is_no_url_exits_64_and_names_the_variable() {
    let process = Process::start(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", "not a url")]);
    let end = process.end_within(Duration::from_secs(10));
    assert_eq!(end.code, Some(64), "{}", end.stdout);
    assert!(end.stderr.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{}", end.stderr);
}

#[test]
fn an_https_endpoint_without_certificates_exits_64_and_says_what_is_missing() {
    let end = Process::start(&[], &without_certificates("https://127.0.0.1:1")).end_within(Duration::from_secs(10));
    assert_eq!(end.code, Some(64), "{}", end.stdout);
    assert!(end.stderr.contains("SSL_CERT_FILE"), "{}", end.stderr);
}
