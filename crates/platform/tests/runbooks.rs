//! `runbooks/env.sh` asks for addresses by the registry's names.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use tidewatch_platform::{SERVERS, SERVICES};

#[test]
fn the_variables_of_runbooks_are_named_after_endpoints_of_the_registry() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runbooks/env.sh");
    let text = fs::read_to_string(script).unwrap();
    let places: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_suffix(')')?.split_once("=$(place ")).collect();
    assert!(!places.is_empty());
    let known: Vec<&str> =
        SERVICES.iter().map(|service| service.endpoint).chain(SERVERS.iter().map(|server| server.name)).collect();
    for (variable, endpoint) in places {
        assert!(known.contains(&endpoint), "{variable}: platform/services.toml has no endpoint {endpoint}");
        assert_eq!(variable, endpoint.to_uppercase());
    }
}
