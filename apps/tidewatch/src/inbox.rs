//! The times at which notifications arrived in mock-slack, by region.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tidewatch_contract::http::mock_slack::{Notification, NotificationStatus};

use crate::simulator::Simulated;

/// Returns the time of the first notification with this fast-path rule and status for each region of the service that
/// has one. `all` is newest first, and repeated notifications don't count.
pub(crate) fn by_region(
    all: &[Notification],
    rule: &str,
    service: &Simulated,
    status: NotificationStatus,
    since: Timestamp,
) -> BTreeMap<String, Timestamp> {
    let received = |region: &String| {
        let first = all.iter().rev().find(|notification| {
            notification.status == status
                && notification.received_at >= since
                && notification.label("alertname") == rule
                && notification.label("service") == service.service
                && notification.label("region") == region
        });
        Some((region.clone(), first?.received_at))
    };
    service.regions.iter().filter_map(received).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notification(status: &str, region: &str, second: i64) -> Notification {
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
        let all = [("firing", "us", 30), ("resolved", "eu", 25), ("firing", "us", 20), ("firing", "eu", 9)]
            .map(|(status, region, second)| notification(status, region, second));
        let since = Timestamp::from_second(10).unwrap();
        let seen = by_region(&all, "HighErrorRate", &service, NotificationStatus::Firing, since);
        assert_eq!(seen, BTreeMap::from([("us".to_owned(), Timestamp::from_second(20).unwrap())]));
        assert!(by_region(&all, "HighLatencyP99", &service, NotificationStatus::Firing, since).is_empty());
    }
}
