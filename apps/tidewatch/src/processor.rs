//! What the stream-processor says of itself: `GET /status` of its admin listener.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use reqwest::Client;
use serde::Deserialize;

use crate::http;
use crate::simulator::Simulated;

/// A client of it.
#[derive(Debug, Clone)]
pub(crate) struct Processor {
    client: Client,
    url: String,
}

/// What it knows of the partitions that it owns.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Status {
    pub(crate) partitions: Vec<Partition>,
    pub(crate) totals: Totals,
    pub(crate) groups: Vec<Group>,
}

/// One partition of `metrics.raw`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Partition {
    pub(crate) partition: i32,
    /// First offset that was ever counted.
    pub(crate) start: i64,
    /// Next offset to read.
    pub(crate) position: i64,
    /// Next offset to be written.
    pub(crate) high: i64,
    pub(crate) lag: i64,
    pub(crate) watermark: Option<Timestamp>,
    pub(crate) windowed: u64,
    pub(crate) late: u64,
    pub(crate) dead_lettered: u64,
    /// Offsets without a record to read: ends of transactions, aborted ones, compaction.
    #[serde(default)]
    pub(crate) holes: u64,
    /// Records that retention deleted before they were read.
    #[serde(default)]
    pub(crate) gap: u64,
}

/// Sums over the partitions.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct Totals {
    pub(crate) produced: u64,
    pub(crate) processed: u64,
    pub(crate) dead_lettered: u64,
    pub(crate) lag: u64,
}

/// One group, and how it stands by each rule.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Group {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) rules: BTreeMap<String, Rule>,
}

/// How a group stands by a rule.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Rule {
    /// `ok`, `pending`, `firing` or `unknown`.
    pub(crate) state: String,
}

impl Processor {
    /// The one whose admin listener is at this URL.
    pub(crate) fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Asks it.
    pub(crate) async fn status(&self) -> anyhow::Result<Status> {
        http::get(&self.client, "stream-processor", &format!("{}/status", self.url)).await
    }
}

impl Group {
    /// The service that it belongs to.
    pub(crate) fn service(&self) -> &str {
        self.labels.get("service").map_or("", String::as_str)
    }
}

impl Status {
    /// Rules of simulated groups that can't say yet that all is well: `SERVICE REGION: RULE is STATE`.
    pub(crate) fn not_quiet(&self, services: &[Simulated], rules: &[&str]) -> Vec<String> {
        let places = services.iter().flat_map(|known| known.regions.iter().map(move |region| (&known.service, region)));
        let mut missing = Vec::new();
        for (service, region) in places {
            let is_here = |group: &&Group| {
                group.service() == service && group.labels.get("region").is_none_or(|label| label == region)
            };
            for rule in rules {
                let groups = self.groups.iter().filter(is_here);
                // What all regions are judged by together stands beside what each one is.
                let state = groups
                    .filter_map(|group| Some((group.labels.contains_key("region"), group.rules.get(*rule)?)))
                    .max_by_key(|(is_region, _)| *is_region)
                    .map_or("not there", |(_, rule)| &rule.state);
                if state != "ok" {
                    missing.push(format!("{service} {region}: {rule} is {state}"));
                }
            }
        }
        missing
    }

    /// Regions of the service for which the rule fires.
    pub(crate) fn firing_regions(&self, rule: &str, service: &str) -> BTreeSet<String> {
        let fires = |group: &&Group| {
            group.service() == service && group.rules.get(rule).is_some_and(|rule| rule.state == "firing")
        };
        self.groups.iter().filter(fires).filter_map(|group| group.labels.get("region").cloned()).collect()
    }

    /// Rule and service of everything that fires.
    pub(crate) fn firing(&self) -> BTreeSet<(String, String)> {
        let rules = |group: &Group| -> Vec<(String, String)> {
            let firing = group.rules.iter().filter(|(_, rule)| rule.state == "firing");
            firing.map(|(name, _)| (name.clone(), group.service().to_owned())).collect()
        };
        self.groups.iter().flat_map(rules).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_quiet_is_named_also_where_the_group_is_not_there() {
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
            status.not_quiet(&services, &["TrafficDrop"]),
            ["pay eu: TrafficDrop is unknown", "pay us: TrafficDrop is not there"]
        );
        assert_eq!(status.firing_regions("HighErrorRate", "pay"), BTreeSet::from(["eu".to_owned()]));
        assert_eq!(status.firing(), BTreeSet::from([("HighErrorRate".to_owned(), "pay".to_owned())]));
    }
}
