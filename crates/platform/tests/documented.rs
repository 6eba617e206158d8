//! The tables of services in README.md and docs/architecture.md match the registry's names and ports.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use tidewatch_platform::SERVICES;

#[test]
fn tables_of_services_have_every_service_with_its_ports() {
    for document in ["README.md", "docs/architecture.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(document)).unwrap();
        for service in SERVICES {
            let ports: Vec<String> =
                service.page.into_iter().chain([service.admin]).map(|port| port.to_string()).collect();
            let row = text.lines().find(|line| {
                let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
                let has = |port: &String| cells.iter().any(|cell| cell.contains(port.as_str()));
                line.starts_with('|') && cells.contains(&service.name) && ports.iter().all(has)
            });
            assert!(row.is_some(), "{document}: no row of a table has {} with {}", service.name, ports.join(" and "));
        }
    }
}
