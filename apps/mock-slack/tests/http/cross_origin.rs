//! Another site's page can neither add notifications nor delete them.
use crate::running::{alerts, post, start, webhook};
use reqwest::Method;

#[tokio::test]
async fn every_state_changing_endpoint_refuses_cross_origin_browsers() {
    let slack = start(None).await;
    post(&slack.url(), "/webhook", webhook("a", "firing").to_string()).await;
    for (method, path) in
        [(Method::POST, "/webhook"), (Method::POST, "/slack/webhook"), (Method::DELETE, "/api/alerts")]
    {
        let request = reqwest::Client::new().request(method, format!("{}{path}", slack.url()));
        let request = request.header("origin", "https://elsewhere.example").body(r#"{"text":"hello"}"#);
        assert_eq!(request.send().await.unwrap().status(), 403, "{path}");
    }
    assert_eq!(alerts(&slack.url()).await.len(), 1);
}
