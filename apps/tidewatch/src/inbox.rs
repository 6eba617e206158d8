//! Reads the notifications that mock-slack has received.

use std::collections::BTreeMap;

use jiff::Timestamp;
use reqwest::Client;
use tidewatch_contract::http::mock_slack::{ALERTS, Notification, NotificationStatus};

use crate::http;
use crate::simulator::Simulated;

/// A client of mock-slack.
#[derive(Debug, Clone)]
pub(crate) struct Inbox {
    client: Client,
    url: String,
}

impl Inbox {
    /// Returns a client of the mock-slack at this URL.
    pub(crate) fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Returns all notifications that it keeps, newest first.
    pub(crate) async fn all(&self) -> anyhow::Result<Vec<Notification>> {
        http::get(&self.client, "mock-slack", &format!("{}{ALERTS}", self.url)).await
    }
}

/// Returns the time of the first notification with this fast-path rule and status for each region of the service that
/// has one. `all` is newest first, and repeated notifications don't count.
pub(crate) fn by_region(
    all: &[Notification],
    rule: &str,
    service: &Simulated,
    status: NotificationStatus,
    since: Timestamp,
) -> BTreeMap<String, Timestamp> {
    let came = |region: &String| {
        let told = all.iter().rev().find(|told| {
            told.status == status
                && told.received_at >= since
                && told.label("alertname") == rule
                && told.label("service") == service.service
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

    fn told(status: &str, region: &str, second: i64) -> Notification {
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
        let seen = by_region(&all, "HighErrorRate", &service, NotificationStatus::Firing, since);
        assert_eq!(seen, BTreeMap::from([("us".to_owned(), Timestamp::from_second(20).unwrap())]));
        assert!(by_region(&all, "HighLatencyP99", &service, NotificationStatus::Firing, since).is_empty());
    }
}
