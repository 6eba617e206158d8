//! A Tidewatch started by `up` passes within the promised time.

use serde_json::Value;
use tidewatch_testkit::{Stack, StackOptions, program};

#[tokio::test]
async fn a_healthy_tidewatch_passes_every_step_within_six_minutes() {
    let test = "a_healthy_tidewatch_passes_every_step_within_six_minutes";
    if ["prometheus", "alertmanager"].iter().any(|name| program(name, test).is_none()) {
        return;
    }
    let stack = Stack::start(&StackOptions::new(env!("CARGO_BIN_EXE_tidewatch"), &["--broker", "in-process"])).await;
    // A fault with next to no effect, but one that somebody has set.
    assert!(stack.run(&["break", "user-service", "--error-rate", "0.0001"]).await.status.success());
    let refused = stack.run(&["verify"]).await;
    let said = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("user-service: error rate since") && said.contains("heal --state-dir"), "{said}");
    assert!(said.contains("not run       -  fault: silence: because of: no fault active"), "{said}");
    assert!(stack.run(&["heal"]).await.status.success());

    let (report, junit) = (stack.dir().join("verify.json"), stack.dir().join("verify.xml"));
    let (report_path, junit_path) = (report.display().to_string(), junit.display().to_string());
    let verified = stack.run(&["verify", "--report", &report_path, "--junit", &junit_path]).await;
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    println!("{said}");
    assert_eq!(verified.status.code(), Some(0), "{said}");
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(report["passed"], true, "{report:#}");
    let steps = report["steps"].as_array().unwrap();
    let skipped: Vec<&Value> =
        steps.iter().filter(|step| step["status"] == "skipped").map(|step| &step["id"]).collect();
    assert_eq!(skipped, ["pods", "restarts"], "only a cluster has pods: {report:#}");
    assert!(report["seconds"].as_f64().unwrap() <= 360.0, "{report:#}");
    let timings: Vec<&Value> = steps.iter().flat_map(|step| step["timings"].as_array().unwrap()).collect();
    assert!(timings.len() >= 3 * 3, "{report:#}");
    let all = format!(r#"tests="{}" failures="0""#, steps.len());
    assert!(std::fs::read_to_string(junit).unwrap().contains(&all));
    let faults = stack.get("simulator", "/faults").await;
    assert_eq!(faults["active"], serde_json::json!([]), "nothing stays broken");
}
