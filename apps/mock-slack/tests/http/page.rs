//! The page and the health endpoints.
use crate::running::{post, start, webhook};

#[tokio::test]
async fn the_page_shows_what_was_received_and_lets_the_browser_load_nothing() {
    let slack = start(None).await;
    post(&slack.url(), "/webhook", webhook("a", "firing").to_string()).await;
    let answer = slack.get("/").await;
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(answer.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let page = answer.text().await.unwrap();
    for part in ["1 firing now", "HighErrorRate", "auth-service", "31 % of requests fail", "Runbook"] {
        assert!(page.contains(part), "{part} is not on the page");
    }
}

#[tokio::test]
async fn health_and_livez_answer_on_both_listeners() {
    let slack = start(None).await;
    for url in [slack.url(), format!("http://{}", slack.admin_addr())] {
        for path in ["health", "livez"] {
            assert_eq!(reqwest::get(format!("{url}/{path}")).await.unwrap().status(), 200, "{url}/{path}");
        }
    }
    assert_eq!(slack.readiness().await.0, 200);
}
