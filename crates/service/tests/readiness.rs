//! Readiness conditions: met, unmet, and met for a limited time.
#![allow(clippy::unwrap_used, missing_docs)]
use std::time::Duration;
use tidewatch_service::Health;

fn pair(name: &str, why: &str) -> (String, String) {
    (name.into(), why.into())
}

#[test]
fn ready_when_every_condition_is_met() {
    let health = Health::new();
    assert!(health.is_ready());
    let (kafka, rules) = (health.require("kafka"), health.require("rules"));
    assert_eq!(health.unmet(), [pair("kafka", "starting"), pair("rules", "starting")]);
    kafka.met();
    rules.unmet("line 3 is bad");
    assert_eq!(health.unmet(), [pair("rules", "line 3 is bad")]);
    rules.met();
    assert!(health.is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_fresh_condition_lapses_by_itself_unless_confirmed_again() {
    let health = Health::new();
    let kafka = health.require("kafka");
    kafka.fresh_for(Duration::from_secs(10));
    tokio::time::advance(Duration::from_secs(9)).await;
    assert!(health.is_ready());
    kafka.fresh_for(Duration::from_secs(10));
    tokio::time::advance(Duration::from_secs(9)).await;
    assert!(health.is_ready());
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(health.unmet(), [pair("kafka", "not confirmed in the last 10 s")]);
    kafka.fresh_for(Duration::from_secs(10));
    assert!(health.is_ready());
}
