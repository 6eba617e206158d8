//! Live output on the terminal: alerts as they arrive, and a status line every few seconds.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tidewatch_client::Console;
use tidewatch_contract::http::console::Status;
use tidewatch_contract::{AlertEvent, AlertState, Event};
use tidewatch_kafka::topics::ALERTS_FIRED;
use tidewatch_kafka::{KafkaArgs, Reader, Start};
use tidewatch_service::printable;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::http;
use crate::say::say;
use crate::state::Endpoints;
use crate::status::known;

const EVERY: Duration = Duration::from_secs(5);
/// Time limit until a topic that was just created can be read.
const SERVED: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(100);
/// Number of alert ids to remember, so that a repeated alert is printed once.
const REMEMBERED: usize = 200;
/// Number of alerts that the status line names; the rest are counted.
const NAMED: usize = 3;

/// The alerts that fire and resolve from now on.
pub(super) struct Alerts {
    reader: Reader,
    seen: VecDeque<String>,
}

impl Alerts {
    /// Starts at the end of the topic.
    pub(super) async fn from_now_on(kafka: &KafkaArgs) -> anyhow::Result<Self> {
        let reader = Reader::new(kafka, "tidewatch-up")?;
        let deadline = Instant::now() + SERVED;
        // A topic that was just created has no leader yet.
        while let Err(error) = reader.assign(&ALERTS_FIRED, Start::End).await {
            if !error.is_transient() || Instant::now() > deadline {
                return Err(error).with_context(|| format!("can't read {}", ALERTS_FIRED.name));
            }
            sleep(RETRY).await;
        }
        Ok(Self { reader, seen: VecDeque::new() })
    }

    /// Returns the next alert that has not been seen yet.
    async fn next(&mut self) -> AlertEvent {
        loop {
            let record = self.reader.recv().await;
            let Ok(alert) = AlertEvent::parse(&record.payload) else { continue };
            if !self.seen.contains(&alert.id) {
                self.seen.push_front(alert.id.clone());
                self.seen.truncate(REMEMBERED);
                return alert;
            }
        }
    }
}

/// Prints alerts and status lines forever; returns only if it can't start.
pub(super) async fn follow(mut alerts: Alerts, endpoints: &Endpoints) -> anyhow::Result<()> {
    let console = Console::new(http::required(endpoints, "console")?, http::LIMIT)?;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    loop {
        tokio::select! {
            alert = alerts.next() => say!("{}  {}", clock(), printable(alert_line(&alert))),
            _ = ticks.tick() => match console.status().await {
                Ok(status) => say!("{}  {}", clock(), printable(status_line(&status))),
                Err(error) => say!("{}  {}", clock(), printable(error)),
            },
        }
    }
}

fn clock() -> String {
    Timestamp::now().to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string()
}

fn alert_line(alert: &AlertEvent) -> String {
    let group: Vec<&str> = alert.group.values().map(String::as_str).collect();
    let state = match alert.state {
        AlertState::Firing => "FIRING  ",
        AlertState::Resolved => "resolved",
    };
    format!("{state}  {} [{}]: {}", alert.rule, group.join(" "), alert.summary)
}

fn status_line(status: &Status) -> String {
    let rate: f64 = status.services.values().map(|service| service.rate).sum();
    let all: Vec<String> = status
        .services
        .iter()
        .flat_map(|(name, service)| service.firing.iter().map(move |rule| format!("{rule} ({name})")))
        .collect();
    let (named, others) = all.split_at(all.len().min(NAMED));
    let firing = match (named, others.len()) {
        ([], _) => "nothing fires".to_owned(),
        (named, 0) => format!("firing: {}", named.join(", ")),
        (named, others) => format!("firing: {} and {others} more", named.join(", ")),
    };
    let [lag, dead_lettered] = [status.totals.lag, status.totals.dead_lettered].map(known);
    format!("{rate:.1} req/s, lag {lag}, {dead_lettered} dead letters, {firing}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_says_rate_lag_and_what_fires() {
        let status: Status = serde_json::from_value(json!({
            "services": {
                "a": {"rate": 20.0, "error_ratio": 0.0, "p50_ms": 1.0, "p95_ms": 1.0, "p99_ms": 1.0,
                    "firing": ["TrafficDrop"]},
                "b": {"rate": 19.96, "error_ratio": 0.0, "p50_ms": 1.0, "p95_ms": 1.0, "p99_ms": 1.0, "firing": []},
            },
            "totals": {"produced": 1, "processed": 1, "late": 0, "dead_lettered": 2, "lag": 3},
        }))
        .unwrap();
        assert_eq!(status_line(&status), "40.0 req/s, lag 3, 2 dead letters, firing: TrafficDrop (a)");
    }

    #[test]
    fn a_line_names_three_alerts_and_counts_the_others() {
        let service =
            json!({"rate": 1.0, "error_ratio": 0.0, "p50_ms": 1.0, "p95_ms": 1.0, "p99_ms": 1.0, "firing": ["R"]});
        let services: serde_json::Map<_, _> =
            ["a", "b", "c", "d", "e"].map(|name| (name.into(), service.clone())).into_iter().collect();
        let totals = json!({"produced": 1, "processed": 1, "late": 0, "dead_lettered": 0, "lag": 0});
        let status: Status = serde_json::from_value(json!({"services": services, "totals": totals})).unwrap();
        assert!(status_line(&status).ends_with("firing: R (a), R (b), R (c) and 2 more"), "{}", status_line(&status));
    }
}
