//! The sample services under `up`: they answer, are broken and healed, loaded, and left out.

use reqwest::{Client, StatusCode};
use serde_json::Value;
use tidewatch_testkit::{Stack, StackOptions};

const HERE: [&str; 4] = ["--broker", "in-process", "--backends", "none"];

async fn start(flags: &[&str]) -> Stack {
    Stack::start(&StackOptions::new(env!("CARGO_BIN_EXE_tidewatch"), &[&HERE, flags].concat())).await
}

async fn user(stack: &Stack, id: &str) -> StatusCode {
    Client::new().get(format!("{}/user/{id}", stack.endpoint("gateway"))).send().await.unwrap().status()
}

/// Runs a verb that has to succeed, and returns its output.
async fn run(stack: &Stack, arguments: &[&str]) -> String {
    let output = stack.run(arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_gateway_answers_and_is_broken_and_healed_as_a_simulated_service_is() {
    let stack = start(&[]).await;
    assert_eq!((user(&stack, "123").await, user(&stack, "999").await), (StatusCode::OK, StatusCode::NOT_FOUND));

    run(&stack, &["break", "api-gateway", "--error-rate", "100%"]).await;
    assert_eq!(user(&stack, "123").await, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(run(&stack, &["heal", "api-gateway"]).await.contains("healed api-gateway: error rate"));
    assert_eq!(user(&stack, "123").await, StatusCode::OK);

    // The simulated service of this name is healthy in its regions, the real one is not.
    run(&stack, &["break", "user-service", "--region", "local", "--error-rate", "100%"]).await;
    assert_eq!(user(&stack, "123").await, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(stack.get("simulator", "/faults").await["active"], Value::Array(Vec::new()));
    run(&stack, &["heal"]).await;
    run(&stack, &["break", "user-service", "--malformed", "10%"]).await;
    assert_eq!(stack.get("simulator", "/faults").await["active"][0]["service"], "user-service");
    assert_eq!(user(&stack, "123").await, StatusCode::OK);

    let output = stack.run(&["break", "api-gateway", "--skew", "1m"]).await;
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("api-gateway can't be broken by skew"));
}

#[tokio::test]
async fn a_load_of_requests_shows_statuses_and_latencies_and_takes_its_fault_with_it() {
    let stack = start(&[]).await;
    let gateway = stack.endpoint("gateway");
    let load = ["load", "--http", gateway, "--rate", "100", "--duration", "2s"];
    let summary = run(&stack, &load).await;
    for row in
        ["requests            200", "status 200          180", "status 400           10", "status 404           10"]
    {
        assert!(summary.contains(row), "{row} is not in\n{summary}");
    }
    let flaky = run(&stack, &[&load[..], &["--mix", "flaky"]].concat()).await;
    assert!(flaky.contains("status 500"), "{flaky}");
    assert_eq!(stack.get("gateway", "/faults").await["active"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn services_that_nobody_wants_are_left_out() {
    let stack = start(&["--without", "api-gateway,user-service"]).await;
    assert!(!stack.has("api-gateway") && !stack.has("user-service"));
    run(&stack, &["break", "payment-service", "--latency", "2"]).await;
    drop(stack);
    let arguments =
        ["up", "--ports", "auto", "--without", "user-service", "--broker", "in-process", "--backends", "none"];
    let dir = tempfile::tempdir().unwrap();
    let up = std::process::Command::new(env!("CARGO_BIN_EXE_tidewatch"))
        .args(arguments)
        .args(["--state-dir", dir.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(up.status.code(), Some(64));
    let said = String::from_utf8_lossy(&up.stderr);
    assert!(said.contains("--without: another service needs user-service"), "{said}");
}
