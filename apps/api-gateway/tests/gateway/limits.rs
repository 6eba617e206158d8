//! Deadline, circuit breaker, rate limit and the limit of requests at the same time.

use std::time::{Duration, Instant};

use tidewatch_testkit::eventually;

use crate::upstream::{SOON, gateway, upstream};

/// A port at which nobody listens.
const NOBODY: &str = "127.0.0.1:1";

#[tokio::test]
async fn a_user_service_that_is_slow_or_absent_has_a_status_of_its_own() {
    let (address, _) = upstream().await;
    let slow = gateway(address, &["--upstream-timeout", "200ms"]).await;
    let began = Instant::now();
    let answer = slow.get("/user/0").await;
    assert_eq!(answer.status(), 504);
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert!(answer.text().await.unwrap().contains("did not answer in time"));
    slow.has_counted("api_gateway_upstream_failures_total{reason=\"timeout\"}", 1).await;

    let absent = gateway(NOBODY.parse().unwrap(), &[]).await;
    assert_eq!(absent.get("/user/1").await.status(), 502);
    absent.has_counted("api_gateway_upstream_failures_total{reason=\"unreachable\"}", 1).await;
}

#[tokio::test]
async fn a_failing_user_service_is_left_alone_until_it_answers_again() {
    let (address, seen) = upstream().await;
    let gateway = gateway(address, &["--breaker-open", "1s"]).await;
    for _ in 0..20 {
        assert_eq!(gateway.get("/user/500").await.status(), 500);
    }
    let answer = gateway.get("/user/1").await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(seen.requests().len(), 20);
    gateway.has_counted("api_gateway_breaker_state{state=\"open\"}", 1).await;
    gateway.has_counted("api_gateway_rejected_total{reason=\"breaker\"}", 1).await;
    eventually("the breaker closes", SOON, async || (gateway.get("/user/1").await.status() == 200).then_some(())).await;
    gateway.has_counted("api_gateway_breaker_state{state=\"closed\"}", 1).await;
}

#[tokio::test]
async fn users_that_do_not_exist_do_not_open_the_breaker() {
    let (address, _) = upstream().await;
    let gateway = gateway(address, &[]).await;
    for _ in 0..25 {
        assert_eq!(gateway.get("/user/999").await.status(), 404);
    }
    assert_eq!(gateway.get("/user/1").await.status(), 200);
}

#[tokio::test]
async fn requests_beyond_the_rate_are_told_when_to_come_again() {
    let (address, seen) = upstream().await;
    let gateway = gateway(address, &["--rate-limit", "1"]).await;
    assert_eq!(gateway.get("/user/1").await.status(), 200);
    let answer = gateway.get("/user/1").await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(seen.requests().len(), 1);
    gateway.has_counted("api_gateway_rejected_total{reason=\"rate_limit\"}", 1).await;
}

#[tokio::test]
async fn requests_beyond_the_concurrency_are_refused_at_once() {
    let (address, seen) = upstream().await;
    let gateway = gateway(address, &["--concurrency", "1", "--upstream-timeout", "10s"]).await;
    let url = format!("{}/user/0", gateway.url());
    let waiting = tokio::spawn(async move { reqwest::get(url).await });
    eventually("the first request waits", SOON, async || (seen.requests().len() == 1).then_some(())).await;
    let answer = gateway.get("/user/1").await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    gateway.has_counted("api_gateway_rejected_total{reason=\"concurrency\"}", 1).await;
    waiting.abort();
    eventually("a client that is gone makes room", SOON, async || {
        (gateway.get("/user/1").await.status() == 200).then_some(())
    })
    .await;
}
