//! The listener's answers, with and without a broker.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::{Router, http::Uri};
use console::{Config, Console};
use futures::StreamExt;
use reqwest::{Client, Method, StatusCode, header};
use support::{SOON, config, page, start, status};
use tidewatch_kafka::KafkaArgs;
use tidewatch_service::{Bound, ListenArgs, Service};
use tidewatch_testkit::eventually;

/// Returns a broker address on which nothing listens.
fn nowhere() -> KafkaArgs {
    KafkaArgs::new("127.0.0.1:1")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_forbids_content_of_other_hosts() {
    let console = start(config(nowhere())).await;
    for path in ["/", "/api/status", "/nowhere"] {
        let answer = console.get(path).await;
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{policy}");
        assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers()[header::X_FRAME_OPTIONS], "DENY");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_no_other_host() {
    let console = start(config(nowhere())).await;
    let page = page(&console).await;
    // The namespace inside the icon is base64-encoded, and there is no external link while nothing is firing.
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    assert!(!page.contains(" src=") && !page.contains("@import") && !page.contains(" style="), "{page}");
    for target in page.split("href=\"").skip(1) {
        assert!(["#", "/", "data:image/svg+xml"].iter().any(|own| target.starts_with(own)), "{}", &target[..40]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_reading_is_allowed() {
    let console = start(config(nowhere())).await;
    let client = Client::new();
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        for path in ["/", "/events", "/api/status"] {
            let answer = client.request(method.clone(), format!("{}{path}", console.url())).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    }
    assert_eq!(console.get("/nowhere").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_gets_no_stream() {
    let console = start(config(nowhere())).await;
    let request = Client::new().get(format!("{}/events", console.url())).header("sec-fetch-site", "cross-site");
    assert_eq!(request.send().await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_sends_every_fragment_and_stays_open() {
    let console = start(config(nowhere())).await;
    let answer = console.get("/events").await;
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = answer.bytes_stream();
    let mut text = String::new();
    let read = async {
        while text.matches("\n\n").count() < 3 {
            text.push_str(&String::from_utf8_lossy(&body.next().await.unwrap().unwrap()));
        }
    };
    tokio::time::timeout(SOON, read).await.unwrap();
    let first = text.lines().next().unwrap().strip_prefix("data: ").unwrap();
    let frame: serde_json::Value = serde_json::from_str(first).unwrap();
    for id in ["summary", "services", "timeline", "pipeline", "logs", "processes"] {
        assert!(frame["fragments"][id].is_string(), "{id} is missing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_stream_does_not_delay_the_shutdown() {
    let console = start(config(nowhere())).await;
    let mut stream = console.get("/events").await.bytes_stream();
    stream.next().await.unwrap().unwrap();
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_broker_shows_on_the_page_and_in_readiness() {
    let console = start(config(nowhere())).await;
    let shown = async || page(&console).await.contains("Kafka: not answering since").then_some(());
    eventually("the page shows that Kafka does not answer", SOON, shown).await;
    let page = page(&console).await;
    assert!(page.contains("Status unknown") && page.contains("<title>(?) Tidewatch</title>"), "{page}");
    assert_eq!(console.readiness().await.0, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_peer_is_shown_and_an_absent_one_left_out() {
    let mut flags = config(nowhere());
    flags.simulator = Some("http://127.0.0.1:1".parse().unwrap());
    let console = start(flags).await;
    let shown = async || page(&console).await.contains("workload-simulator: not answering since").then_some(());
    eventually("the page shows that the simulator does not answer", SOON, shown).await;
    let page = page(&console).await;
    assert!(!page.contains("mock-slack:") && !page.contains("stream-processor:"), "{page}");
    assert_eq!(status(&console).await["totals"]["lag"], serde_json::Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_notifications_as_may_be_shown_are_requested_from_mock_slack() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&asked);
    let keep = async move |uri: Uri| {
        noted.lock().unwrap().push(uri.to_string());
        "[]"
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(keep)).await });
    let _console = start(Config { mock_slack: Some(url.parse().unwrap()), ..config(nowhere()) }).await;
    let first = async || asked.lock().unwrap().first().cloned();
    let uri = eventually("mock-slack receives the request", SOON, first).await;
    assert_eq!(uri, format!("/api/alerts?limit={}", console::alerts::NOTIFICATIONS));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_reported_with_its_flag() {
    let console = start(config(nowhere())).await;
    let listen = ListenArgs { listen: Some(console.page_addr()), ..ListenArgs::on_free_ports(Console::ENTRY) };
    let error = Bound::<Console>::new(config(nowhere()), &listen).await.err().unwrap().to_string();
    assert!(error.starts_with("--listen 127.0.0.1:") && error.contains("in use"), "{error}");
}

#[test]
fn an_https_peer_on_a_machine_without_certificates_is_refused_with_its_flag() {
    for flag in ["--processor", "--simulator", "--mock-slack"] {
        let console = Command::new(env!("CARGO_BIN_EXE_console"))
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", flag, "https://h"])
            .envs([("SSL_CERT_FILE", "/nowhere"), ("SSL_CERT_DIR", "/nowhere")])
            .output()
            .unwrap();
        let said = String::from_utf8(console.stderr).unwrap();
        assert_eq!(console.status.code(), Some(64), "{said}");
        assert!(said.contains(&format!("{flag}: can't reach ")) && said.contains("SSL_CERT_FILE"), "{said}");
    }
}
