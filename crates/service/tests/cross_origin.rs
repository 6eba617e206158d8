//! State-changing requests from another site's page are refused; everything else passes.
#![allow(clippy::unwrap_used, missing_docs)]
use axum::{Router, routing::get};
use reqwest::{Method, StatusCode};
use tidewatch_service::same_origin_only;

async fn service() -> String {
    let app = same_origin_only(Router::new().route("/thing", get(async || "read").put(async || "changed")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    host
}

async fn status(host: &str, method: Method, headers: &[(&str, &str)]) -> StatusCode {
    let request = reqwest::Client::new().request(method, format!("http://{host}/thing"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn a_page_of_another_site_can_not_change_anything() {
    let host = service().await;
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://elsewhere.example")],
        &[("origin", "null")],
        &[("origin", "")],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://elsewhere.example")],
    ] {
        assert_eq!(status(&host, Method::PUT, headers).await, 403, "{headers:?}");
    }
}

#[tokio::test]
async fn its_own_page_and_programs_can() {
    let host = service().await;
    let origin = format!("http://{host}");
    for headers in [
        &[][..],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin"), ("origin", &origin)],
        &[("origin", &origin)],
    ] {
        assert_eq!(status(&host, Method::PUT, headers).await, 200, "{headers:?}");
    }
}

#[tokio::test]
async fn reading_is_not_restricted() {
    let host = service().await;
    assert_eq!(status(&host, Method::GET, &[("sec-fetch-site", "cross-site")]).await, 200);
}
