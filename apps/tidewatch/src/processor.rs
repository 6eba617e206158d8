//! The rules that fire, and those that are not quiet, in the stream-processor's status.

use std::collections::BTreeSet;

use tidewatch_contract::http::processor::{GroupView, RuleStatus, Status};

use crate::simulator::Simulated;

/// Lists the rules of simulated groups that don't yet report that all is well: `SERVICE REGION: RULE is STATE`.
pub(crate) fn not_quiet(status: &Status, services: &[Simulated], rules: &[&str]) -> Vec<String> {
    let places = services.iter().flat_map(|known| known.regions.iter().map(move |region| (&known.service, region)));
    let mut missing = Vec::new();
    for (service, region) in places {
        let is_here = |group: &&GroupView| {
            group.service() == service && group.labels.get("region").is_none_or(|label| label == region)
        };
        for rule in rules {
            let groups = status.groups.iter().filter(is_here);
            // A region's own group takes precedence over the one that covers all regions together.
            let state = groups
                .filter_map(|group| Some((group.labels.contains_key("region"), group.rules.get(*rule)?.state)))
                .max_by_key(|(is_region, _)| *is_region)
                .map(|(_, state)| state);
            if state != Some(RuleStatus::Ok) {
                let state = state.map_or("not there", RuleStatus::as_str);
                missing.push(format!("{service} {region}: {rule} is {state}"));
            }
        }
    }
    missing
}

/// Returns the regions of the service for which the rule fires.
pub(crate) fn firing_regions(status: &Status, rule: &str, service: &str) -> BTreeSet<String> {
    let fires = |group: &&GroupView| {
        group.service() == service && group.rules.get(rule).is_some_and(|rule| rule.state == RuleStatus::Firing)
    };
    status.groups.iter().filter(fires).filter_map(|group| group.labels.get("region").cloned()).collect()
}

/// Returns the rule and the service of everything that fires.
pub(crate) fn firing(status: &Status) -> BTreeSet<(String, String)> {
    let rules = |group: &GroupView| -> Vec<(String, String)> {
        let firing = group.rules.iter().filter(|(_, rule)| rule.state == RuleStatus::Firing);
        firing.map(|(name, _)| (name.clone(), group.service().to_owned())).collect()
    };
    status.groups.iter().flat_map(rules).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_that_are_not_quiet_are_named_even_if_their_group_is_missing() {
        let services: Vec<Simulated> = serde_json::from_value(json!([{
            "service": "pay", "regions": ["eu", "us"], "produced": 0, "acknowledged": 0, "dropped": 0,
        }]))
        .unwrap();
        let status: Status = serde_json::from_value(json!({
            "partitions": [], "totals": {"produced": 0, "processed": 0, "dead_lettered": 0, "lag": 0},
            "groups": [{"labels": {"service": "pay", "region": "eu"},
                "rules": {"TrafficDrop": {"state": "unknown"}, "HighErrorRate": {"state": "firing"}}}],
        }))
        .unwrap();
        assert_eq!(
            not_quiet(&status, &services, &["TrafficDrop"]),
            ["pay eu: TrafficDrop is unknown", "pay us: TrafficDrop is not there"]
        );
        assert_eq!(firing_regions(&status, "HighErrorRate", "pay"), BTreeSet::from(["eu".to_owned()]));
        assert_eq!(firing(&status), BTreeSet::from([("HighErrorRate".to_owned(), "pay".to_owned())]));
    }
}
