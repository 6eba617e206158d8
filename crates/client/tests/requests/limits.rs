//! Answers that are refused, and peers that don't answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tidewatch_client::{Client, Error, HttpUrl, LONGEST_ANSWER, Reason, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::peer::{LIMIT, Peer};

async fn get(url: &HttpUrl, limit: Duration) -> Result<Value, Error> {
    Client::new("console", url.clone(), limit).unwrap().get("/api/status").await
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_only_its_host_is_named() {
    let elsewhere = Peer::json("{}").await;
    let location = format!("location: {}/secret-path\r\n", elsewhere.url);
    let peer = Peer::answering("307 Temporary Redirect", &location, "").await;
    let error = get(&peer.url, LIMIT).await.unwrap_err();
    assert_eq!(
        error.reason().to_string(),
        format!("it answered 307 Temporary Redirect: it redirects to {}; use that address", elsewhere.url)
    );
    assert_eq!(elsewhere.requests(), [""; 0]);

    let peer = Peer::answering("302 Found", "location: /secret-path\r\n", "").await;
    let error = get(&peer.url, LIMIT).await.unwrap_err();
    assert!(error.to_string().ends_with("it redirects to another path there; use that address"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_refused() {
    let whole = Peer::json(&format!("\"{}\"", "x".repeat(LONGEST_ANSWER - 2))).await;
    get(&whole.url, LIMIT).await.unwrap();
    let long = Peer::json(&format!("\"{}\"", "x".repeat(LONGEST_ANSWER - 1))).await;
    let error = get(&long.url, LIMIT).await.unwrap_err();
    assert!(matches!(error.reason(), Reason::TooLong), "{error}");
    assert!(error.to_string().ends_with("its answer is longer than 16 MiB"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_refused() {
    let page = Peer::answering("200 OK", "", "<html>").await;
    let error = get(&page.url, LIMIT).await.unwrap_err();
    assert!(matches!(error.reason(), Reason::Unreadable(_)) && !error.is_unreachable(), "{error}");
}

#[tokio::test]
async fn a_peer_that_never_answers_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let begun = Instant::now();
    let error = get(&silent.local_addr().unwrap().into(), Duration::from_millis(300)).await.unwrap_err();
    assert!(begun.elapsed() < LIMIT && error.is_unreachable());
    assert_eq!(error.reason().to_string(), "no answer within 0.3 s");
}

#[tokio::test]
async fn a_peer_that_is_not_there_and_one_that_breaks_off_are_distinguished() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = get(&closed.into(), LIMIT).await.unwrap_err();
    assert!(error.is_unreachable());
    assert!(error.to_string().starts_with(&format!("request to console at http://{closed} failed: can't connect: ")));
    let broken = Peer::answering("200 OK", "content-length: 100\r\n", "{").await;
    let error = get(&broken.url, LIMIT).await.unwrap_err();
    assert!(matches!(error.reason(), Reason::Broken(_)) && error.is_unreachable(), "{error}");
}

#[tokio::test]
async fn a_refusal_has_its_status_and_explanation() {
    let peer = Peer::answering("404 Not Found", "", r#"{"error": "no service is called x"}"#).await;
    let error = get(&peer.url, LIMIT).await.unwrap_err();
    assert!(!error.is_unreachable());
    assert!(error.to_string().ends_with("it answered 404 Not Found: no service is called x"), "{error}");
    let Reason::Status { status, said } = error.into_reason() else { panic!("another reason") };
    assert_eq!((status, said.as_str()), (StatusCode::NOT_FOUND, "no service is called x"));
}

#[tokio::test]
async fn a_refusal_that_does_not_end_is_read_only_as_far_as_it_is_shown() {
    let long = "x".repeat(64 * 1024);
    let endless = Peer::stalling("500 Internal Server Error", &long).await;
    let begun = Instant::now();
    let error = get(&endless.url, LIMIT).await.unwrap_err();
    assert!(begun.elapsed() < LIMIT / 2, "{:?}", begun.elapsed());
    assert_eq!(error.reason().to_string(), format!("it answered 500 Internal Server Error: {}", "x".repeat(300)));
}

#[tokio::test]
async fn a_refusal_that_stalls_or_breaks_off_keeps_its_beginning() {
    let stalling = Peer::stalling("502 Bad Gateway", "no upstream").await;
    let error = get(&stalling.url, Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(error.reason().to_string(), "it answered 502 Bad Gateway: no upstream");
    let broken = Peer::answering("502 Bad Gateway", "content-length: 100\r\n", "no upstream").await;
    let error = get(&broken.url, LIMIT).await.unwrap_err();
    assert_eq!(error.reason().to_string(), "it answered 502 Bad Gateway: no upstream");
}

#[tokio::test]
async fn a_connection_is_not_kept_until_the_peer_ends_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = listener.local_addr().unwrap().into();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await.unwrap();
                }
            });
        }
    });
    let client = Client::new("console", url, LIMIT).unwrap();
    for (pause, expected) in [(0, 1), (1, 1), (6, 2)] {
        sleep(Duration::from_secs(pause)).await;
        client.get::<Vec<String>>("/").await.unwrap();
        assert_eq!(connections.load(Ordering::SeqCst), expected, "after {pause} s");
    }
}
