//! A trace goes on through the gateway, and the exemplars of its metrics lead to it. A process of its own, since the
//! subscriber is that of the whole process.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "gateway/upstream.rs"]
#[allow(dead_code)]
mod upstream;

use reqwest::Client;
use upstream::{gateway, upstream};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[tokio::test]
async fn a_trace_goes_on_to_the_user_service_and_is_the_exemplar_of_its_duration() {
    let _telemetry = tidewatch_service::init_quiet("api-gateway").unwrap();
    let (address, seen) = upstream().await;
    let gateway = gateway(address, &[]).await;
    let request = Client::new().get(format!("{}/user/1", gateway.url()));
    request.header("traceparent", format!("00-{TRACE}-{CALLER}-01")).send().await.unwrap();

    let passed_on = seen.requests()[0]["traceparent"].to_str().unwrap().to_owned();
    let parts: Vec<&str> = passed_on.split('-').collect();
    assert_eq!((parts[0], parts[1], parts[3]), ("00", TRACE, "01"), "{passed_on}");
    assert_ne!(parts[2], CALLER, "the user-service's parent is a span of the gateway");

    let scrape = Client::new().get(format!("http://{}/metrics", gateway.admin_addr()));
    let scrape = scrape.header("accept", "application/openmetrics-text; version=1.0.0");
    let metrics = scrape.send().await.unwrap().text().await.unwrap();
    let exemplar = format!("# {{trace_id=\"{TRACE}\"}}");
    let lines: Vec<&str> = metrics.lines().filter(|line| line.contains(&exemplar)).collect();
    assert!(
        matches!(lines[..], [line] if line.starts_with("http_server_request_duration_seconds_bucket")),
        "{metrics}"
    );

    // A caller that doesn't want the trace to be recorded is obeyed.
    let request = Client::new().get(format!("{}/user/1", gateway.url()));
    request.header("traceparent", format!("00-{}-{CALLER}-00", TRACE.replace('4', "5"))).send().await.unwrap();
    assert!(seen.requests()[1]["traceparent"].to_str().unwrap().ends_with("-00"));
}
