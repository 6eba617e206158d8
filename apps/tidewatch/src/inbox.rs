//! What mock-slack was told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use reqwest::Client;
use serde::Deserialize;

use crate::http;
use crate::simulator::Simulated;

/// A client of mock-slack.
#[derive(Debug, Clone)]
pub(crate) struct Inbox {
    client: Client,
    url: String,
}

/// One notification.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Told {
    /// `firing`, `resolved`, or `message`.
    pub(crate) status: String,
    /// The alert's labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// When it came.
    pub(crate) received_at: Timestamp,
}

impl Told {
    /// The alert's name; empty for a message without one.
    pub(crate) fn rule(&self) -> &str {
        self.label("alertname")
    }

    /// The service that it is about; empty where it is about none.
    pub(crate) fn service(&self) -> &str {
        self.label("service")
    }

    /// One of the alert's labels; empty where it has none such.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

impl Inbox {
    /// The one at this URL.
    pub(crate) fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// All that it remembers, newest first.
    pub(crate) async fn all(&self) -> anyhow::Result<Vec<Told>> {
        http::get(&self.client, "mock-slack", &format!("{}/api/alerts", self.url)).await
    }
}

/// When the first notification of this fast-path rule and status came for each region of the service, as far as it came.
/// `all` is newest first: a repeated notification doesn't count.
pub(crate) fn by_region(
    all: &[Told],
    rule: &str,
    service: &Simulated,
    status: &str,
    since: Timestamp,
) -> BTreeMap<String, Timestamp> {
    let came = |region: &String| {
        let told = all.iter().rev().find(|told| {
            told.status == status
                && told.received_at >= since
                && told.rule() == rule
                && told.service() == service.service
                && told.label("region") == region
        });
        Some((region.clone(), told?.received_at))
    };
    service.regions.iter().filter_map(came).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(status: &str, region: &str, second: i64) -> Told {
        serde_json::from_value(json!({
            "status": status,
            "labels": {"alertname": "HighErrorRate", "service": "pay", "region": region},
            "received_at": Timestamp::from_second(second).unwrap(),
        }))
        .unwrap()
    }

    #[test]
    fn the_first_notification_of_each_region_counts() {
        let service: Simulated = serde_json::from_value(json!({
            "service": "pay", "regions": ["eu", "us"], "produced": 0, "acknowledged": 0, "dropped": 0,
        }))
        .unwrap();
        let all =
            [told("firing", "us", 30), told("resolved", "eu", 25), told("firing", "us", 20), told("firing", "eu", 9)];
        let since = Timestamp::from_second(10).unwrap();
        let seen = by_region(&all, "HighErrorRate", &service, "firing", since);
        assert_eq!(seen, BTreeMap::from([("us".to_owned(), Timestamp::from_second(20).unwrap())]));
        assert!(by_region(&all, "HighLatencyP99", &service, "firing", since).is_empty());
    }
}
