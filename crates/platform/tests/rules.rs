//! The alert TargetDown is critical for exactly the services that the registry calls critical.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use tidewatch_platform::SERVICES;

/// The servers without which alerts are lost.
const SERVERS: [&str; 2] = ["prometheus", "alertmanager"];

#[test]
fn target_down_is_critical_for_the_critical_services_and_servers() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/platform.yaml");
    let rules = fs::read_to_string(file).unwrap();
    let critical: Vec<&str> = SERVICES.iter().filter(|service| service.critical).map(|service| service.name).collect();
    let jobs = [&critical[..], &SERVERS].concat().join("|");
    let found = critical.join("|");
    let absent: String = critical.iter().map(|name| format!("or absent(up{{job=\"{name}\"}}) == 1\n")).collect();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        format!("up{{job=~\"{jobs}\"}} == 0\n{absent}for: 3m"),
        format!("up{{job!~\"{jobs}\"}} == 0\nor"),
        format!("prometheus_target_scrape_pool_targets{{scrape_job!~\"{found}\"}} == 0"),
    ] {
        assert!(words(&rules).contains(&words(&expected)), "rules/platform.yaml has no\n{expected}");
    }
}
