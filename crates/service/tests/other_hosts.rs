//! A page that reaches a loopback listener by DNS rebinding, and so names its own site's host, is rejected.
#![allow(clippy::unwrap_used, missing_docs)]
mod support;

use axum::{Router, routing::any};
use std::net::SocketAddr;
use support::{Running, listen};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Starts a service that never ends, and returns the address at which its admin listener can be reached.
async fn serve(address: [u8; 4], allowed: &[&str]) -> SocketAddr {
    let service = Running::listening(&listen(address, allowed), |parts| {
        parts.serve_on_admin(Router::new().route("/secret", any(async || "secret")));
    })
    .await;
    ([127, 0, 0, 1], service.admin.port()).into()
}

/// Returns the status code and body for a handwritten request, since HTTP clients don't give control over every byte.
async fn ask(addr: SocketAddr, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    let status = said.split(' ').nth(1).unwrap().parse().unwrap();
    (status, said.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[tokio::test]
async fn another_host_gets_421_whatever_the_method_and_the_path() {
    let addr = serve([127, 0, 0, 1], &[]).await;
    let port = addr.port();
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        for path in ["/secret", "/metrics", "/livez", "/nowhere"] {
            let head = format!("{method} {path} HTTP/1.1\r\nhost: rebound.example:{port}\r\n");
            let (status, said) = ask(addr, &head).await;
            assert_eq!(status, 421, "{method} {path}");
            assert!(method == "HEAD" || said.contains("--allowed-host"), "{method} {path}: {said}");
        }
    }
}

#[tokio::test]
async fn no_way_of_writing_a_request_gets_around_it() {
    let addr = serve([127, 0, 0, 1], &[]).await;
    for (head, expected) in [
        ("GET http://rebound.example/secret HTTP/1.1\r\nhost: localhost\r\n", 421),
        ("GET http://localhost/secret HTTP/1.1\r\nhost: rebound.example\r\n", 421),
        ("GET /secret HTTP/1.1\r\nhost: localhost\r\nhost: rebound.example\r\n", 400),
        ("GET /secret HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n", 400),
        ("GET /secret HTTP/1.1\r\n", 400),
        ("GET /secret HTTP/1.0\r\n", 400),
        ("GET /secret HTTP/1.0\r\nhost: rebound.example\r\n", 421),
        ("GET /secret HTTP/1.1\r\nhost:\r\n", 421),
        ("GET /secret HTTP/1.1\r\nhost: localhost rebound.example\r\n", 421),
        ("GET /secret HTTP/1.1\r\nhost: rebound.example\r\nx-forwarded-host: localhost\r\n", 421),
        ("GET /secret HTTP/1.1\r\nhost: rebound.example\r\norigin: http://localhost\r\n", 421),
    ] {
        assert_eq!(ask(addr, head).await.0, expected, "{head}");
    }
}

#[tokio::test]
async fn this_machine_and_allowed_hosts_are_answered() {
    let addr = serve([127, 0, 0, 1], &["tidewatch.example.org"]).await;
    for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "tidewatch.example.org"] {
        let (status, said) = ask(addr, &format!("GET /secret HTTP/1.1\r\nhost: {host}\r\n")).await;
        assert_eq!((status, said.as_str()), (200, "secret"), "{host}");
    }
    assert_eq!(ask(addr, "GET http://localhost/secret HTTP/1.1\r\nhost: localhost\r\n").await.0, 200);
    assert_eq!(ask(addr, "GET /secret HTTP/1.0\r\nhost: localhost\r\n").await.0, 200);
}

#[tokio::test]
async fn a_listener_of_a_container_is_scraped_by_service_name_and_pod_address() {
    let addr = serve([0, 0, 0, 0], &[]).await;
    for host in ["stream-processor.tidewatch.svc:9464", "10.1.2.3:9464"] {
        assert_eq!(ask(addr, &format!("GET /metrics HTTP/1.1\r\nhost: {host}\r\n")).await.0, 200, "{host}");
    }
    let addr = serve([0, 0, 0, 0], &["stream-processor.tidewatch.svc"]).await;
    for (host, expected) in
        [("stream-processor.tidewatch.svc:9464", 200), ("10.1.2.3:9464", 200), ("rebound.example", 421)]
    {
        assert_eq!(ask(addr, &format!("GET /metrics HTTP/1.1\r\nhost: {host}\r\n")).await.0, expected, "{host}");
    }
}
