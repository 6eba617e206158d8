//! Declared metrics follow the conventions.
use tidewatch::catalogue;
use tidewatch_service::metrics::{COMMON, Family, Kind};

#[test]
fn every_declaration_follows_the_conventions() {
    let all: Vec<Family> = catalogue::services().flat_map(|job| job.own).chain(COMMON).copied().collect();
    for family in &all {
        let Family { name, kind, help, labels, .. } = *family;
        assert_eq!(kind == Kind::Counter, name.ends_with("_total"), "{name}: counters, and they alone, end in _total");
        assert!(
            help.ends_with('.') && help.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()),
            "{name}: {help}"
        );
        assert!(!help.contains(['|', '\n']), "{name}: {help}");
        for label in labels {
            assert!(!["job", "instance", "le"].contains(label), "{name}: {label} is Prometheus's own to set");
        }
        // The same name in two services means the same metric.
        assert!(all.iter().all(|other| other.name != name || other == family), "{name} is declared in two ways");
    }
}
