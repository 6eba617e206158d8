//! The typed calls: what they send, and how they read an answer.

use tidewatch_client::{Admin, Alertmanager, MockSlack, Prometheus, Simulator};
use tidewatch_contract::http::simulator::{FaultKind, FaultRequest};

use crate::peer::{LIMIT, Peer};

const FAULT: &str = r#"{"service": "pay", "region": null, "kind": "silence", "injected_at": "2027-01-15T08:00:00Z"}"#;

#[tokio::test]
async fn faults_are_injected_and_healed() {
    let peer = Peer::json(FAULT).await;
    let simulator = Simulator::new(peer.url.clone(), LIMIT).unwrap();
    let request = FaultRequest::new(FaultKind::Silence, 1.0);
    assert_eq!(simulator.inject("a/b", Some("eu west"), &request).await.unwrap().kind, FaultKind::Silence);
    let expected = ("PUT /faults/a%2Fb?region=eu+west HTTP/1.1".to_owned(), r#"{"silence":true}"#.to_owned());
    assert_eq!(peer.last(), expected);

    let peer = Peer::json(&format!(r#"{{"healed": [{FAULT}]}}"#)).await;
    let simulator = Simulator::new(peer.url.clone(), LIMIT).unwrap();
    assert_eq!(simulator.heal(Some("pay")).await.unwrap().len(), 1);
    assert_eq!(peer.last().0, "DELETE /faults/pay HTTP/1.1");
    simulator.heal(None).await.unwrap();
    assert_eq!(peer.last().0, "DELETE /faults HTTP/1.1");
}

#[tokio::test]
async fn a_service_that_is_not_ready_gives_its_reasons() {
    let body = r#"{"ready": false, "reasons": [{"condition": "kafka", "reason": "starting"}]}"#;
    let peer = Peer::answering("503 Service Unavailable", "", body).await;
    let readiness = Admin::new("console", peer.url.clone(), LIMIT).unwrap().readiness().await.unwrap();
    assert!(!readiness.ready);
    assert_eq!(readiness.reasons[0].condition, "kafka");
    assert_eq!(peer.last().0, "GET /readyz HTTP/1.1");
}

#[tokio::test]
async fn as_many_notifications_are_requested_as_are_needed() {
    let peer = Peer::json("[]").await;
    let slack = MockSlack::new(peer.url.clone(), LIMIT).unwrap();
    slack.newest(7).await.unwrap();
    assert_eq!(peer.last().0, "GET /api/alerts?limit=7 HTTP/1.1");
    slack.notifications().await.unwrap();
    assert_eq!(peer.last().0, "GET /api/alerts HTTP/1.1");
}

#[tokio::test]
async fn alerts_are_posted_below_the_prefix() {
    let peer = Peer::answering("200 OK", "", "").await;
    let base = format!("{}/prefix/", peer.url).parse().unwrap();
    Alertmanager::new(base, LIMIT).unwrap().post(&[]).await.unwrap();
    assert_eq!(peer.last(), ("POST /prefix/api/v2/alerts HTTP/1.1".to_owned(), "[]".to_owned()));
}

#[tokio::test]
async fn a_sample_is_labels_and_a_value_and_nan_does_not_count() {
    let vector = r#"{"status": "success", "data": {"resultType": "vector", "result": [
        {"metric": {"job": "a"}, "value": [1.5, "0.25"]}, {"metric": {"job": "b"}, "value": [1.5, "NaN"]},
        {"metric": {"job": "c"}, "histogram": [1.5, {"count": "2"}]}, {"metric": {}, "value": [1, "+Inf"]}]}}"#;
    let peer = Peer::json(vector).await;
    let prometheus = Prometheus::new(peer.url.clone(), LIMIT).unwrap();
    let samples = prometheus.samples("a{b='c'}").await.unwrap();
    assert_eq!(peer.last().0, "GET /api/v1/query?query=a%7Bb%3D%27c%27%7D HTTP/1.1");
    assert_eq!((samples.len(), samples[0].labels["job"].as_str(), samples[0].value), (3, "a", 0.25));
    assert_eq!(prometheus.count("a").await.unwrap(), 3);
    for (result, count) in [(r#""scalar", "result": [1, "2"]"#, 1), (r#""scalar", "result": [1, "NaN"]"#, 0)] {
        let peer = Peer::json(&format!(r#"{{"data": {{"resultType": {result}}}}}"#)).await;
        assert_eq!(Prometheus::new(peer.url.clone(), LIMIT).unwrap().count("1").await.unwrap(), count);
    }
}

#[tokio::test]
async fn a_query_that_prometheus_refuses_fails_with_its_explanation() {
    let body = r#"{"status": "error", "errorType": "bad_data", "error": "unexpected end of input"}"#;
    let peer = Peer::answering("400 Bad Request", "", body).await;
    let error = Prometheus::new(peer.url.clone(), LIMIT).unwrap().samples("up{").await.unwrap_err();
    assert!(error.to_string().ends_with("it answered 400 Bad Request: unexpected end of input"), "{error}");
}
