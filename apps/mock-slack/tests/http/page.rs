//! The page and the health endpoints.
use crate::running::{Running, webhook};

#[tokio::test]
async fn the_page_shows_what_was_received_and_lets_the_browser_load_nothing() {
    let slack = Running::start(None).await;
    slack.post("/webhook", &webhook("a", "firing")).await;
    let answer = reqwest::get(&slack.base).await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(answer.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let page = answer.text().await.unwrap();
    for part in ["1 firing now", "HighErrorRate", "auth-service", "31 % of requests fail", "Runbook"] {
        assert!(page.contains(part), "{part} is not on the page");
    }
}

#[tokio::test]
async fn health_and_livez_answer_on_both_listeners() {
    let slack = Running::start(None).await;
    for url in [&slack.base, &slack.admin] {
        for path in ["health", "livez"] {
            assert_eq!(reqwest::get(format!("{url}/{path}")).await.unwrap().status(), 200, "{url}/{path}");
        }
    }
    assert_eq!(reqwest::get(format!("{}/readyz", slack.admin)).await.unwrap().status(), 200);
}
