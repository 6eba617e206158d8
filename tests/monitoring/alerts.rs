//! The catalogue of alerts agrees with the rules that raise them.
use crate::sources::Sources;
use std::collections::{BTreeMap, BTreeSet};
use tidewatch_catalogue::{ALERTS, Path};
use tidewatch_detect::Rules;

/// The severities of the rules of one path, by alert name.
type Severities = BTreeMap<String, BTreeSet<String>>;

fn catalogued(path: Path) -> Severities {
    let alerts = ALERTS.iter().filter(|alert| alert.is_raised_by(path));
    alerts.map(|alert| (alert.name.to_owned(), severities(alert))).collect()
}

fn severities(alert: &tidewatch_catalogue::Alert) -> BTreeSet<String> {
    alert.severities.iter().map(|severity| severity.as_str().to_owned()).collect()
}

#[test]
fn prometheus_raises_the_alerts_of_the_slow_path() {
    let mut rules = Severities::new();
    for rule in Sources::read().alerts() {
        rules.entry(rule.alert.clone()).or_default().insert(rule.labels["severity"].clone());
    }
    assert_eq!(rules, catalogued(Path::Slow));
}

#[test]
fn the_stream_processor_raises_the_alerts_of_the_fast_path() {
    let rules = Rules::builtin();
    let severity = |severity: &str| BTreeSet::from([severity.to_owned()]);
    let built_in: Severities = rules.names().map(|(name, level)| (name.to_owned(), severity(level.as_str()))).collect();
    assert_eq!(built_in, catalogued(Path::Fast));
}
