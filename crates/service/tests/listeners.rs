//! How the listeners end with their service.
#![allow(clippy::unwrap_used, missing_docs)]
mod support;

use std::time::Duration;
use support::Running;
use tokio::{net::TcpStream, time::timeout};

/// Longer than the listeners may take to end.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn the_admin_listener_answers_until_the_service_has_drained_and_the_page_does_not() {
    let service = Running::start(|_| {}).await;
    service.shutdown.trigger();
    let page_closed = async {
        while TcpStream::connect(service.page).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, page_closed).await.unwrap();
    assert_eq!(reqwest::get(service.admin_url("/livez")).await.unwrap().status(), 200);
    let ready = reqwest::get(service.admin_url("/readyz")).await.unwrap();
    assert_eq!(ready.status(), 503, "{}", ready.text().await.unwrap());
    service.drained.trigger();
    timeout(SOON, service.work).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(service.admin).await.is_err());
}

#[tokio::test]
async fn an_idle_connection_does_not_delay_the_end() {
    let service = Running::start(|_| {}).await;
    let client = reqwest::Client::new();
    client.get(service.admin_url("/livez")).send().await.unwrap();
    service.shutdown.trigger();
    service.drained.trigger();
    timeout(SOON, service.work).await.unwrap().unwrap().unwrap();
}
