//! Another site's page can neither add notifications nor delete them.
use crate::running::{Running, webhook};
use reqwest::Method;

#[tokio::test]
async fn every_state_changing_endpoint_refuses_cross_origin_browsers() {
    let slack = Running::start(None).await;
    slack.post("/webhook", &webhook("a", "firing")).await;
    for (method, path) in
        [(Method::POST, "/webhook"), (Method::POST, "/slack/webhook"), (Method::DELETE, "/api/alerts")]
    {
        let request = reqwest::Client::new().request(method, format!("{}{path}", slack.base));
        let request = request.header("origin", "https://elsewhere.example").body(r#"{"text":"hello"}"#);
        assert_eq!(request.send().await.unwrap().status(), 403, "{path}");
    }
    assert_eq!(slack.alerts().await.len(), 1);
}
